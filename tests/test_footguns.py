"""The commands that docs/footguns.md points to exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from erckit.cli.command_group import COMMANDS
from erckit.cli.main import main

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "footguns.md").read_text(encoding="utf-8")
LINES = sorted({" ".join(line.split()) for line in re.findall(r"`(erckit [^`]+)`", TEXT)})


def test_every_section_names_its_guard() -> None:
    sections = TEXT.split("\n## ")[1:]
    assert len(sections) >= 9
    for section in sections:
        assert "\nGuard: " in section, section.splitlines()[0]
        assert "`erckit " in section.partition("\nGuard: ")[2] or "`--set " in section, section.splitlines()[0]


@pytest.mark.parametrize("line", LINES)
def test_command_and_options_exist(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = line.split()[1:]
    assert words[0] in COMMANDS
    path = words[:2] if words[0] == "corpora" else words[:1]
    assert main([*path, "--help"]) == 0
    known = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", capsys.readouterr().out))
    assert {word for word in words if word.startswith("-")} <= known
