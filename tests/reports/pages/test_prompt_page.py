"""``docs/systems/prompts.md`` is what the styles write now."""

from __future__ import annotations

from pathlib import Path

from erckit.models.prompts import PROMPT_STYLES
from erckit.reports.pages.prompt_page import prompt_page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "systems" / "prompts.md"


def test_the_page_is_up_to_date() -> None:
    page = prompt_page()
    assert page == PAGE.read_text(encoding="utf-8"), "run: erckit prompts --page docs/systems/prompts.md"
    assert all(f"## {name}\n" in page for name in PROMPT_STYLES)
