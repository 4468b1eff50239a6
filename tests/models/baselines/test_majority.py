"""The most frequent train label, against scikit-learn's dummy and the published figures."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sklearn.dummy import DummyClassifier

from erckit.conversation import Conversation, Utterance
from erckit.corpora import load_corpus
from erckit.corpora.corpus import Corpus
from erckit.errors import CorpusError, SettingError
from erckit.evaluation import evaluate_model
from erckit.labelling import Labeler
from erckit.labels import LabelSet
from erckit.models.baselines.majority import Majority


def _gold(corpus: Corpus, split: str) -> list[Any]:
    return [u.label for c in corpus.split(split) for u in c.utterances if u.label is not None]


def test_label_and_scores_are_those_of_scikit_learn(toy: Corpus) -> None:
    gold = _gold(toy, "train")
    theirs = DummyClassifier(strategy="prior").fit([[0]] * len(gold), gold)
    labelled = Labeler(Majority.fit(toy)).label(toy.split("test"))
    predictions = [p for one in labelled for p in one.predictions]
    assert len(predictions) == sum(len(c) for c in toy.split("test"))  # context utterances too
    assert {p.label for p in predictions} == set(theirs.predict([[0]]))
    expected = dict(zip(theirs.classes_, theirs.predict_proba([[0]])[0], strict=True))
    assert predictions[0].scores == pytest.approx(expected)
    assert not predictions[0].calibrated


def test_of_equals_the_first_label_of_the_set_wins() -> None:
    said = tuple(Utterance(f"u{i}", "A", "hm", label) for i, label in enumerate("ccaab"))
    corpus = Corpus("tie", "1", LabelSet(("b", "c", "a")), {"train": (Conversation("x", said),)})
    assert Labeler(Majority.fit(corpus)).label(corpus.split("train"))[0].predictions[0].label == "c"


def test_a_label_below_the_least_confidence_is_withheld(toy: Corpus) -> None:
    majority = Majority.fit(toy)
    one = Labeler(majority).label(toy.split("dev")[:1], min_confidence=0.99)[0].predictions[0]
    assert one.label is None
    assert one.reason == f"confidence {max(one.scores.values()):.2f} below 0.99"
    assert Labeler(majority).label([]) == []
    with pytest.raises(SettingError, match="between 0 and 1"):
        Labeler(majority).label(toy.split("dev"), min_confidence=2)


def test_a_corpus_it_cannot_be_fitted_on_is_refused(toy: Corpus) -> None:
    lone = Corpus("lone", "1", toy.label_set, {"test": toy.splits["test"]})
    with pytest.raises(CorpusError, match="'lone' has no train split"):
        Majority.fit(lone)
    bare = Conversation("c", (Utterance("u", "A", "hm"),))
    with pytest.raises(CorpusError, match="bare/train: no utterance has a gold label"):
        Majority.fit(Corpus("bare", "1", toy.label_set, {"train": (bare,)}))


@pytest.mark.parametrize(
    ("name", "split", "metric", "percent"),
    [
        ("emorynlp", "test", "weighted_f1", 10.94),
        ("emorynlp_aligned", "test", "weighted_f1", 13.25),
        ("meld", "dev", "micro_f1_no_neutral", 0.0),
        ("dailydialog", "test", "micro_f1_no_neutral", 0.0),
    ],
)
def test_published_corpora(name: str, split: str, metric: str, percent: float) -> None:
    """research: what the constant classifier reaches on both test sets that are called EmoryNLP."""
    try:
        corpus = load_corpus(name)
    except CorpusError as error:
        pytest.skip(str(error))
    result = evaluate_model(Majority.fit(corpus), corpus, split, draws=5)
    assert Counter(row.label for row in result.predictions).keys() == {corpus.label_set.neutral}
    assert round(100 * result.metrics[metric], 2) == percent
    assert result.protocol.memory == "none, every utterance alone"
