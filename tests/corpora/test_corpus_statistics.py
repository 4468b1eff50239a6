from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from erckit.conversation import Conversation, Utterance
from erckit.corpora import CORPORA, corpus_source, corpus_statistics, load_corpus
from erckit.corpora.corpus_statistics import split_statistics


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
        "labels": {"y": 3, "x": 2},
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(CORPORA))
def test_published_counts_are_reproduced(data: Path, name: str) -> None:
    statistics = corpus_statistics(load_corpus(name, data / name))
    assert statistics.mismatches() == ()
    assert set(statistics.published) == {"train", "dev", "test"}
    for split, published in corpus_source(name).published.items():
        found = statistics.splits[split].to_dict()
        assert set(found) == set(published)
        assert found["labels"] == published["labels"]
        assert found["changes_same_speaker"] == published["changes_same_speaker"]
    assert statistics.lines()[-1] == "All counts match the published ones."


def test_a_missing_conversation_is_a_mismatch(data: Path) -> None:
    corpus = load_corpus("emorynlp", data / "emorynlp")
    statistics = corpus_statistics(replace(corpus, splits={**corpus.splits, "dev": corpus.splits["dev"][1:]}))
    assert {mismatch.split for mismatch in statistics.mismatches()} == {"dev"}
    assert "  dev: conversations is 98, published 99" in statistics.lines()
    assert statistics.to_dict()["mismatches"][0] == {
        "split": "dev", "key": "conversations", "what": "conversations", "found": 98, "published": 99,
    }  # fmt: skip
