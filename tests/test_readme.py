"""What the README tells people to type exists."""

import re
import shlex
from pathlib import Path

import pytest

from erckit.cli.command_group import COMMANDS
from erckit.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _code_lines(language: str) -> list[str]:
    blocks = re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    text = "\n".join(blocks).replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


ERCKIT_LINES = [line for line in _code_lines("bash") if line.startswith("erckit ")]


def test_there_are_commands_to_look_at() -> None:
    assert len(ERCKIT_LINES) >= 5


@pytest.mark.parametrize("line", ERCKIT_LINES)
def test_command_and_options_exist(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(line, comments=True)[1:]
    assert words[0] in COMMANDS, line
    path = words[:2] if words[0] in ("corpora", "backbones") else words[:1]
    assert main([*path, "--help"]) == 0
    known = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", capsys.readouterr().out))
    for word in words:
        if word.startswith("-") and word != "-":
            assert word.partition("=")[0] in known, f"{line}: {word} is no option"


@pytest.mark.parametrize("line", [line for line in _code_lines("bash") if line.startswith("make ")])
def test_make_target_exists(line: str) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert line.split()[1] in targets


def test_files_that_are_linked_exist() -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), f"README links to {target}"


def test_python_scripts_exist() -> None:
    for line in _code_lines("bash"):
        if line.startswith("python "):
            assert (ROOT / line.split()[1]).is_file(), line
