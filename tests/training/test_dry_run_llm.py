"""The dry run of an LLM system: nobody is asked for annotations, and their cost is told."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from erckit.prompting.engines.local_engine import LocalEngine
from erckit.training.run import dry_run

URL = "http://127.0.0.1:9/v1"
ENGINES = ({"kind": "endpoint", "model": "m", "url": URL}, {"kind": "local"})


@pytest.fixture(autouse=True)
def _nobody_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(socket.socket, "connect", lambda *given: pytest.fail("a server was asked"))
    monkeypatch.setattr(LocalEngine, "complete", lambda *given: pytest.fail("a model was asked"))


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: str(engine["kind"]))
def test_biographies(llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], engine: dict[str, Any]) -> None:
    corpus = ruled_corpus(8)

    def told(context: dict[str, Any], words: int = 60) -> Any:
        style = {"biographies": "whole_conversation", "biography_words": words}
        return dry_run(llm_recipe("bios_erc", style=style, context=context), corpus)

    found, free = told({"engine": engine}), told({"engine": {"kind": "extract"}})
    pairs = sum(len(c.speakers) for split in ("train", "dev") for c in corpus.split(split))
    assert found.lines()[-1].startswith(f"annotations    {pairs} requests, about ")
    assert len(found.lines()) == len(free.lines()) + 1
    assert found.tokens > told({"engine": engine}, 5).tokens  # they are as long as they may be


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: str(engine["kind"]))
def test_characteristics_and_ids_that_two_splits_share(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], engine: dict[str, Any]
) -> None:
    corpus = ruled_corpus(8)
    same = {
        name: tuple(replace(c, id=str(i)) for i, c in enumerate(conversations))
        for name, conversations in corpus.splits.items()
    }
    shared = replace(corpus, splits=same)
    style = {"elements": ["oReact", "xIntent"], "commonsense": "prompt"}
    recipe = llm_recipe("ckerc", style=style, context={"engine": engine})
    found = dry_run(recipe, shared)
    utterances = sum(len(c) for split in ("train", "dev") for c in corpus.split(split))
    assert f" {2 * utterances} requests, about " in found.lines()[-1]
    assert found == replace(dry_run(recipe, corpus), minutes=found.minutes)


def test_a_first_task_needs_them_in_training_only(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any]
) -> None:
    corpus, engine = ruled_corpus(8), {"engine": {"kind": "local"}}
    style = {"elements": ["oReact"]}
    recipe = llm_recipe("ckerc", style=style, context=engine, training={"llm": {"first_task": "commonsense"}})
    learnt = sum(len(c) for c in corpus.split("train"))
    assert f" {learnt} requests, about " in dry_run(recipe, corpus).lines()[-1]
    recipe = llm_recipe("instruct_erc")
    assert "requests" not in dry_run(recipe, corpus).lines()[-1]
