"""Training of the styles whose prompts or first stage are written by somebody: BiosERC, LaERC-S and CKERC."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from erckit.cli.main import main
from erckit.labelling import Labeler
from erckit.prompting.annotation.annotation_rows import rows_of, write_rows
from erckit.training.run import train

pytestmark = pytest.mark.trains


@pytest.mark.parametrize(("system", "task"), [("laerc_s", "characteristics"), ("ckerc", "commonsense")])
def test_a_first_stage_learns_what_the_annotations_say_and_then_the_emotions(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path, system: str, task: str
) -> None:
    corpus = ruled_corpus(12)
    taught = corpus.split("train")  # no other split needs any
    ready = [[{"oReact": "glad to hear it", "xIntent": "to say so"} for _ in c.utterances] for c in taught]
    write_rows(tmp_path / "known.jsonl", rows_of(taught, None, True, ready))
    recipe = llm_recipe(
        system,
        context={"engine": {"kind": "file", "file": str(tmp_path / "known.jsonl")}},
        training={"epochs": 1, "batch_tokens": 200, "llm": {"first_task": task}},
    )
    folder = train(recipe, corpus, tmp_path / "run", quiet=True)
    steps = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    first = [step["loss"] for step in steps if step.get("stage") == "first"]
    assert first[-1] < 0.5 * first[0]  # the same words for every utterance are quickly learnt
    assert any(step.get("stage") == "main" for step in steps)
    labeler = Labeler.from_pretrained(folder, precision="fp32")
    assert [len(c.predictions) for c in labeler.label(corpus.split("test"))] == [len(c) for c in corpus.split("test")]


@pytest.mark.parametrize("form", ["causal", "whole_conversation"])
def test_labels_that_depend_on_what_comes_later_say_so(
    llm_recipe: Callable[..., Any],
    ruled_corpus: Callable[..., Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    form: str,
) -> None:
    recipe = llm_recipe("bios_erc", style={"biographies": form})
    folder = train(recipe, ruled_corpus(6), tmp_path / "run", quiet=True)
    chat = tmp_path / "chat.txt"
    chat.write_text("Ana: I painted the whole kitchen.\nBen: No way.\nAna: Yes, my kitchen.\n", encoding="utf-8")
    capsys.readouterr()
    for name in ("out.jsonl", "out.csv"):
        options = ["--precision", "fp32", "--quiet", "--output", str(tmp_path / name)]
        assert main(["label", str(chat), "--model", str(folder), *options]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("not causal: ")]
    said = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))["utterances"]
    header = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    if form == "causal":
        assert (told, [one.get("causal") for one in said], "causal" in header) == ([], [None] * 3, False)
    else:
        assert len(told) == 2
        assert ([one["causal"] for one in said], "causal" in header) == ([False] * 3, True)
        assert main(["label", str(tmp_path / "out.jsonl"), "--model", str(folder), "--precision", "fp32"]) == 0


def test_a_memory_that_the_model_cannot_read_is_told(
    llm_recipe: Callable[..., Any],
    ruled_corpus: Callable[..., Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recipe = llm_recipe("bios_erc", training={"llm": {"is_trained": False}})
    folder = train(recipe, ruled_corpus(3), tmp_path / "run", quiet=True)
    chat = tmp_path / "chat.txt"
    chat.write_text("Ana: We won!\nBen: No way.\n", encoding="utf-8")
    for options, is_told in (([], False), (["--history", "conversation"], False), (["--history", "all"], True)):
        capsys.readouterr()
        assert main(["label", str(chat), "--model", str(folder), "--precision", "fp32", *options]) == 0
        assert ("was trained with history.scope 'conversation'" in capsys.readouterr().err) is is_told
