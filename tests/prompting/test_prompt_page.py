"""``docs/prompts.md`` is what the styles write now."""

from __future__ import annotations

from pathlib import Path

from erckit.prompting.prompt_page import prompt_page
from erckit.prompting.styles import PROMPT_STYLES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "prompts.md"


def test_the_page_is_up_to_date() -> None:
    page = prompt_page()
    assert page == PAGE.read_text(encoding="utf-8"), "run: erckit prompts --page docs/prompts.md"
    assert all(f"## {name}\n" in page for name in PROMPT_STYLES)
