"""The dry run against what a training then does."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from erckit.training.run import dry_run


def test_counts_are_those_of_the_corpus_and_the_run(tiny_recipe: Any, tiny_corpus: Any, trained_folder: Any) -> None:
    found = dry_run(tiny_recipe(), tiny_corpus)
    train = tiny_corpus.splits["train"]
    assert found.conversations == len(train)
    assert found.utterances == sum(len(c) for c in train)
    assert found.truncated == 0
    # The session's training ran this recipe; its journal counts the steps.
    steps = sum('"loss"' in line for line in (trained_folder.parent / "metrics.jsonl").read_text().splitlines())
    assert found.steps == steps
    words = sum(len(u.text.split()) for c in train for u in c.utterances)
    assert words + 2 * found.utterances < found.tokens < 4 * words + 10 * found.utterances
    assert 0 < found.minutes < 1
    assert 500 <= found.memory_mb < 600
    assert len(found.lines()) == 6


def test_more_work_costs_more(tiny_recipe: Any, tiny_corpus: Any) -> None:
    once = dry_run(tiny_recipe(), tiny_corpus)
    for changed in (
        tiny_recipe(training={"epochs": 20}),
        tiny_recipe(training={"r_drop": 0.1, "epochs": 10}),
        tiny_recipe({"history": {"encoder": "tied"}}, {"epochs": 10}),
    ):
        assert dry_run(changed, tiny_corpus).minutes > 2 * once.minutes
    assert dry_run(tiny_recipe(training={"accumulate": 100}), tiny_corpus).steps == 2
    cut = dry_run(tiny_recipe({"max_utterance_tokens": 16}), tiny_corpus)
    assert cut.tokens <= once.tokens


def test_encoding_for_every_target_anew_is_counted(tiny_recipe: Any, tiny_corpus: Any, talk: Any) -> None:
    corpus = dataclasses.replace(tiny_corpus, splits={**tiny_corpus.splits, "train": (talk(1, 20, longest=3),)})
    one_pass, papers = (dry_run(tiny_recipe({"attention": a}), corpus) for a in ("one_pass", "per_utterance"))
    assert papers.tokens > 5 * one_pass.tokens
    alone = dry_run(tiny_recipe({"attention": "isolated"}), corpus)
    assert alone.tokens < one_pass.tokens  # a conversation beyond the positions repeats left context


def test_conversations_that_epochs_leave_out_cost_nothing(tiny_recipe: Any, tiny_corpus: Any) -> None:
    everything, some = (
        dry_run(tiny_recipe(training={"epochs": 40, "kept_conversations": kept}), tiny_corpus)
        for kept in ({}, {"*": 0.25})
    )
    assert some.tokens == pytest.approx(everything.tokens / 4, abs=1)
    assert 0.15 < some.steps / everything.steps < 0.7
    assert some.minutes < everything.minutes


def test_a_frozen_reader_reads_once(tiny_recipe: Any, tiny_corpus: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # the machine's speed, measured for each, is not what is compared
    monkeypatch.setattr("erckit.training.network_learner.matmul_rate", lambda *_: 1e9)
    for name in ("sentemo", "emonet_frozen"):
        once, tuned = (
            dry_run(
                tiny_recipe({"name": name, "speaker": {}, "reader": {"is_frozen": is_frozen}}, {"epochs": 50}),
                tiny_corpus,
            )
            for is_frozen in (True, False)
        )
        assert once.minutes < tuned.minutes / 5
