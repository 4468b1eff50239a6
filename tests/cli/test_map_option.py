"""``--map`` of label, and ``erckit corpora mappings``, through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from erckit.cli.main import main
from erckit.labels import LabelSet


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    path = tmp_path / "chat.txt"
    path.write_text("Ann: hello\nBen: I am so happy\nAnn: me too, really\nBen: no way\nAnn: thanks\nBen: bye\n")
    return path


@pytest.fixture
def labeler(fake_labeler: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(fake_labeler, "label_set", LabelSet(("joyful", "peaceful", "neutral"), neutral="neutral"))
    return fake_labeler


def rows(out: str) -> list[dict[str, Any]]:
    return [row for line in out.splitlines() for row in json.loads(line)["utterances"]]


def test_label_gives_mapped_labels_and_tells_what_got_lost(
    chat: Path, labeler: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["label", str(chat), "-o", "-", "-q"]) == 0
    plain = rows(capsys.readouterr().out)
    assert main(["label", str(chat), "-o", "-", "--map", "ekman"]) == 0
    captured = capsys.readouterr()
    mapped = rows(captured.out)
    assert "no counterpart in ekman: peaceful" in captured.err
    assert len(mapped) == len(plain) == 6
    for before, after in zip(plain, mapped, strict=True):
        old, new = before["scores"], after["scores"]
        assert set(new) == {"joy", "neutral"}
        assert new["joy"] == pytest.approx(old["joyful"] / (old["joyful"] + old["neutral"]), abs=1e-3)
        assert after["predicted"] == max(new, key=new.get)


def test_abstaining_looks_at_the_mapped_scores(chat: Path, labeler: Any, capsys: pytest.CaptureFixture[str]) -> None:
    # Every score is 0.6, 0.2, 0.2: joyful and peaceful add up to 0.8 or 0.4 where they are merged.
    assert main(["label", str(chat), "-o", "-", "--map", "polarity", "--min-confidence", "0.7", "-q"]) == 0
    found = rows(capsys.readouterr().out)
    for row in found:
        assert row["predicted"] == ("positive" if row["scores"]["positive"] >= 0.7 else None)
    assert {row["predicted"] for row in found} == {"positive", None}


def test_mistyped_label_sets_are_answered_with_the_nearest(
    chat: Path, labeler: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (
        ["label", str(chat), "--map", "ekmann"],
        ["evaluate", "no-such-model", "--corpus", "emorynlp", "--map", "ekmann"],
        ["corpora", "mappings", "--to", "ekmann"],
    ):
        assert main(command) == 1
        captured = capsys.readouterr()
        assert "unknown label set 'ekmann'. Did you mean 'ekman'?" in captured.err
        assert "Traceback" not in captured.err


def test_mappings_are_listed_with_coverage_and_doubt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "mappings", "--json", str(tmp_path / "m.json")]) == 0
    out = capsys.readouterr().out
    assert "emorynlp: 5 of 7 labels mapped, to 5 of 7" in out
    assert "powerful <- surprise (doubtful)" in out
    assert set(json.loads((tmp_path / "m.json").read_text())) == {"ekman", "everyday", "unified", "polarity"}
    assert main(["corpora", "mappings", "--to", "polarity"]) == 0
    assert "ekman:" not in capsys.readouterr().out
