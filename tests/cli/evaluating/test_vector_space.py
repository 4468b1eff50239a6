"""``erckit evaluate`` with few-shot episodes and the forced choice: which options go together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from erckit.cli.evaluating.vector_space import published_split
from erckit.cli.main import main


@pytest.fixture
def corpus(talk: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    for split, start in (("train", 0), ("dev", 40), ("test", 80)):
        rows = ["conversation,speaker,text,label"]
        for i in range(20):
            rows += [f"{start + i},{u.speaker},{u.text},{u.label}" for u in talk(start + i, 5).utterances]
        (folder / f"{split}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def test_both_are_printed_and_written(
    trained_folder: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["evaluate", str(trained_folder), "--corpus", str(corpus), "-q", "--json"]
    assert main([*base, str(tmp_path / "a.json"), "--few-shot", "2way-3shot", "--episodes", "10"]) == 0
    assert "10 episodes, seed 1" in capsys.readouterr().out
    assert json.loads((tmp_path / "a.json").read_text())["kind"] == "few-shot"
    assert main([*base, str(tmp_path / "b.json"), "--split", "forced-choice", "--seeds", "2"]) == 0
    assert "draws of seeds 1, 2" in capsys.readouterr().out
    assert json.loads((tmp_path / "b.json").read_text())["protocol"]["split"] == "test"
    assert main([*base, str(tmp_path / "c.json"), "--scorer", "prototypes"]) == 0
    assert "prototypes" in capsys.readouterr().out


def test_too_many_labels_are_refused_before_a_model_is_loaded(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "no-such-model", "--corpus", str(corpus), "--few-shot", "9way-5shot"]) == 1
    assert "9way-5shot needs 9 labels, there are 3" in capsys.readouterr().err


def test_the_protocol_by_name() -> None:
    assert published_split("forced-choice", False) == ("test", True)
    assert published_split("forced-choice-dev", False) == ("dev", True)
    assert published_split("dev", True) == ("dev", True)
    assert published_split("test", False) == ("test", False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["m", "--episodes", "5"], "--episodes: does not go with this; it is for --few-shot"),
        (["m", "--seed", "5"], "--seed: does not go with"),
        (["m", "--corpus", "c", "--few-shot", "2way-2shot", "--forced-choice"], "--few-shot: does not go with"),
        (["m", "--corpus", "c", "--few-shot", "2way-2shot", "--seeds", "3"], "--seeds: does not go with --few-shot"),
        (["m", "--corpus", "c", "--forced-choice", "--labels", "a"], "--labels: does not go with the forced choice"),
        (["m", "--forced-choice"], "--corpus: name the corpus"),
        (["baseline/majority", "--few-shot", "2way-2shot"], "--few-shot: does not go with this; it needs"),
        (["baseline/majority", "--scorer", "neighbours"], "--scorer: does not go with"),
        (["m", "--corpus", "c", "--few-shot", "2way-2shot", "--png", "x.png"], "--png: does not go with"),
        (["m", "--corpus", "c", "--forced-choice", "--seed", "0"], "--seed: does not go with"),
        (["m", "--seed", "0"], "--seed: does not go with"),
        (["m", "--corpus", "c", "--few-shot", "2way-2shot", "--labels", ","], "--labels: ',' names no label"),
        (["m", "--corpus", "c", "--map", "ekman", "--labels", " , "], "--labels: ' , ' names no label"),
        (["m", "--corpus", "c", "--few-shot", "2way-2shot", "--draws", "500"], "--draws: does not go with few-shot"),
        (["m", "--corpus", "c", "--forced-choice", "--draws", "500"], "--draws: does not go with the forced choice"),
        (["m", "--corpus", "c", "--few-shot", "2way-2shot", "--allow-seen"], "--allow-seen: does not go with"),
        (["m", "--corpus", "c", "--split", "train", "--scorer", "neighbours"], "--split: the neighbours are made from"),
        (["m", "--corpus", "c", "--split", "train", "--scorer", "prototypes"], "--split: the prototypes are made from"),
        (["m", "--corpus", "c", "--png", "x.jpg"], "--png: 'x.jpg' does not end in .png"),
        (["m", "--corpus", "c", "--few-shot", "2way-2shot", "--backbone", "x", "--out", "o"], "--out: does not go"),
    ],
)
def test_options_that_do_not_go_together(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", *arguments]) == 2
    assert said in capsys.readouterr().err
