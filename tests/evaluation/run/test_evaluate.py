"""One model under one protocol: what is scored, what is remembered, and scikit-learn's numbers."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from sklearn.metrics import accuracy_score, f1_score

from erckit.errors import CorpusError, LabelSetError
from erckit.evaluation import evaluate_model
from erckit.labels import LabelSet


def test_scores_are_scikit_learns_over_the_utterances_with_gold(corpus: Any, labeler: Any) -> None:
    result = evaluate_model(labeler, corpus, "test", draws=50)
    assert result.protocol.utterances == len(result.predictions) == 120  # the context utterances are not scored
    assert result.protocol.conversations == 20
    gold, predicted = [p.gold for p in result.predictions], [p.label for p in result.predictions]
    assert result.metrics["weighted_f1"] == pytest.approx(f1_score(gold, predicted, average="weighted"))
    assert result.metrics["accuracy"] == pytest.approx(accuracy_score(gold, predicted))
    assert sum(map(sum, result.confusion)) == 120
    low, high = result.metrics["interval_95"]["weighted_f1"]
    assert low < result.metrics["weighted_f1"] < high
    assert result.seeds == (1,)
    assert result.tokens_processed > 0


def test_gold_and_label_order_follow_the_corpus_not_the_model(corpus: Any, labeler: Any) -> None:
    result = evaluate_model(labeler, corpus, "test", draws=10)
    assert result.label_set == corpus.label_set
    assert list(result.predictions[0].scores) == list(corpus.label_set.labels)
    truth = {(c.id, u.id): u.label for c in corpus.splits["test"] for u in c.utterances}
    assert all(truth[p.conversation, p.utterance] == p.gold for p in result.predictions)


@pytest.mark.parametrize(
    ("scope", "split", "history", "remembered", "words"),
    [
        ("all", "test", "all", 3, "train and earlier test utterances in story order"),
        ("all", "dev", "all", 3, "train and earlier dev utterances in story order"),
        ("all", "train", "all", 0, "earlier train utterances in story order"),
        ("conversation", "test", "conversation", 0, "this conversation only"),
        ("none", "test", "all", 0, "none beyond the context of the conversation"),
    ],
)
def test_memory_follows_the_protocol(
    corpus: Any, labeler: Any, scope: str, split: str, history: str, remembered: int, words: str
) -> None:
    labeler.scope = scope
    result = evaluate_model(labeler, corpus, split, draws=5)
    assert labeler.calls[0]["history"] == history
    assert len(labeler.calls[0]["remember"]) == remembered
    assert result.protocol.memory == words


def test_neither_corpus_text_nor_folders_are_in_the_result(corpus: Any, labeler: Any) -> None:
    text = evaluate_model(labeler, corpus, "test", draws=5).to_json()
    assert "secret" not in text
    assert "somewhere" not in text
    assert "teacher.json" in text


def test_a_split_that_is_not_there_names_the_nearest(corpus: Any, labeler: Any) -> None:
    with pytest.raises(CorpusError, match=r"no split 'tset'\. Did you mean 'test'"):
        evaluate_model(labeler, corpus, "tset")


def test_a_split_without_gold_labels_is_an_error(corpus: Any, labeler: Any) -> None:
    bare = tuple(
        dataclasses.replace(c, utterances=tuple(dataclasses.replace(u, label=None) for u in c.utterances))
        for c in corpus.splits["test"]
    )
    with pytest.raises(CorpusError, match="no utterance has a gold label"):
        evaluate_model(labeler, dataclasses.replace(corpus, splits={"test": bare}), "test")


def test_other_labels_than_the_corpus_has_are_an_error(corpus: Any, labeler: Any) -> None:
    labeler.label_set = LabelSet(("Glad", "Cross"))
    with pytest.raises(LabelSetError, match="knows the labels"):
        evaluate_model(labeler, corpus, "test")
