"""``erckit leaderboard``, from the command line to its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from erckit.cli.main import main

RESULTS = Path(__file__).resolve().parents[2] / "results" / "emorynlp-test"


def test_it_prints_or_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = [str(path) for path in sorted(RESULTS.glob("*.json"))[:2]]
    assert main(["leaderboard", *two, "--no-groups"]) == 0
    printed = capsys.readouterr().out
    assert "## emorynlp/test · weighted_f1" in printed
    assert "| EmoNet | 2024 |" in printed
    assert main(["leaderboard", *two, "--no-groups", "--no-published", "--out", str(tmp_path / "new")]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("wrote ") == 2
    assert "EmoNet |" not in (tmp_path / "new" / "leaderboard.md").read_text(encoding="utf-8")
    assert (tmp_path / "new" / "leaderboard.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_wrong_places_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaderboard", str(tmp_path)]) == 1
    assert "holds no result" in capsys.readouterr().err
    one = next(RESULTS.glob("*.json"))
    assert main(["leaderboard", str(one), "--markdown", str(one)]) == 2
    assert "overwritten" in capsys.readouterr().err
