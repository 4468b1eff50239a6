"""``erckit label --memory``: speakers are known again by the next command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from erckit.cli.main import main

pytest.importorskip("lancedb")


def _label(trained_folder: Path, chat: Path, *options: str) -> list[dict[str, float]]:
    out = chat.with_suffix(".jsonl")
    assert main(["label", str(chat), "--model", str(trained_folder), "-o", str(out), *options]) == 0
    return [utterance["scores"] for utterance in json.loads(out.read_text(encoding="utf-8"))["utterances"]]


def test_the_next_command_knows_the_speaker(
    trained_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_text("Ana: We won!\nBen: No way.\nAna: It is cold.\n", encoding="utf-8")
    second.write_text("Ana: Come in.\nZoe: Thanks.\n", encoding="utf-8")
    options = ("--memory", str(tmp_path / "speakers"), "--precision", "fp32")
    cold = _label(trained_folder, second, "--precision", "fp32")
    _label(trained_folder, first, *options)
    warm = _label(trained_folder, second, *options)
    assert any(abs(warm[0][label] - cold[0][label]) > 1e-6 for label in cold[0])
    assert warm[1] == pytest.approx(cold[1], abs=1e-4)  # Zoe is new
    assert "in the memory already" not in capsys.readouterr().err
    assert _label(trained_folder, second, *options)[0] == pytest.approx(warm[0], abs=1e-4)
    assert "in the memory already, so not remembered again: second." in capsys.readouterr().err
    assert main(["memory", "stats", "--memory", str(tmp_path / "speakers")]) == 0
    assert "utterances     5" in capsys.readouterr().out
    elsewhere = _label(trained_folder, second, *options, "--namespace", "other")
    assert elsewhere[0] == pytest.approx(cold[0], abs=1e-4)
