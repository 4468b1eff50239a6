from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from erckit.conversation import Conversation, Utterance
from erckit.corpora import CORPORA, Corpus, corpus_statistics, load_corpus
from erckit.corpora.checks.corpus_statistics import split_statistics


def conversation(identifier: str, *said: tuple[str, str, str]) -> Conversation:
    return Conversation(
        identifier, tuple(Utterance(f"u{n}", who, text, label) for n, (who, text, label) in enumerate(said))
    )


def test_counts_of_a_small_split() -> None:
    counts = split_statistics(
        [
            conversation("a", ("A", "one two", "x"), ("B", "one", "y"), ("A", "one", "y"), ("B", "", "y")),
            conversation("b", ("A", "one two three", "x")),
        ]
    )
    assert counts.to_dict() == {
        "conversations": 2, "utterances": 5, "speakers": 2, "words_mean": 1.4, "words_max": 3, "length_mean": 2.5,
        "length_min": 1, "length_max": 4, "speakers_per_conversation": 1.5, "one_utterance": 1, "one_speaker": 1,
        "emotions_per_conversation": 1.5, "changes_same_speaker": 1, "changes_any_neighbour": 1,
        "labelled": 5, "labels": {"y": 3, "x": 2},
    }  # fmt: skip


def test_utterances_without_label_are_context() -> None:
    context = Conversation("c", (Utterance("1", "A", "one", "x"), Utterance("2", "B", "two"), Utterance("3", "A", "x")))
    counts = split_statistics([context, conversation("d", ("A", "one", "x"), ("A", "two", "y"))])
    assert (counts.utterances, counts.labelled, counts.labels) == (5, 3, {"x": 2, "y": 1})
    assert (counts.emotions_per_conversation, counts.changes_same_speaker, counts.changes_any_neighbour) == (1.5, 1, 1)


@pytest.mark.parametrize("name", sorted(CORPORA))
def test_published_counts_are_reproduced(real: Callable[[str], Corpus], name: str) -> None:
    """Every cell of the tables in the corpus survey, which was made without this code."""
    corpus = real(name)
    statistics = corpus_statistics(corpus)
    assert statistics.mismatches() == ()
    assert set(statistics.published) == {"train", "dev", "test"} == {*corpus.splits, *corpus.missing}
    for split in corpus.splits:
        found, published = statistics.splits[split].to_dict(), corpus.published[split]
        assert {"conversations", "utterances", "labels"} <= set(published) <= set(found)
        assert found["labels"] == {label: count for label, count in published["labels"].items() if count}
        assert sum(published["labels"].values()) == found["labelled"]
    assert statistics.lines()[-1].endswith("match the published ones.")


def test_only_splits_that_are_here_are_compared(real: Callable[[str], Corpus], data: Path) -> None:
    corpus = real("meld")
    corpus = replace(corpus, splits={"train": corpus.splits["train"]}, missing={"dev": "x is not in y", "test": "z"})
    assert corpus_statistics(corpus).lines()[-3:] == [
        "Not compared: dev is not here (x is not in y).",
        "Not compared: test is not here (z).",
        "All counts of train match the published ones.",
    ]
    assert corpus_statistics(corpus).published["test"]["utterances"] == 2610
    mapped = corpus_statistics(load_corpus("meld", data / "meld", map="polarity"))
    assert mapped.lines()[-1] == "No published counts are known for this corpus."


def test_a_missing_conversation_is_a_mismatch(real: Callable[[str], Corpus]) -> None:
    corpus = real("emorynlp")
    statistics = corpus_statistics(replace(corpus, splits={**corpus.splits, "dev": corpus.splits["dev"][1:]}))
    assert {mismatch.split for mismatch in statistics.mismatches()} == {"dev"}
    assert "  dev: conversations is 98, published 99" in statistics.lines()
    assert statistics.to_dict()["mismatches"][0] == {
        "split": "dev", "key": "conversations", "what": "conversations", "found": 98, "published": 99,
    }  # fmt: skip
