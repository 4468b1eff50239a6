"""TF-IDF and logistic regression: a grid by hand, words that decide, words that do not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from erckit.conversation import Conversation, Utterance
from erckit.corpora.corpus import Corpus
from erckit.errors import CorpusError
from erckit.evaluation import evaluate_model
from erckit.labelling import Labeler
from erckit.labels import LabelSet
from erckit.models.baselines.majority import Majority
from erckit.models.baselines.tfidf import STRENGTHS, WORD, Tfidf, TfidfContext, selection_metric


@pytest.fixture(scope="module")
def fitted(toy: Corpus) -> Tfidf:
    return Tfidf.fit(toy)


def _labelled(corpus: Corpus, split: str) -> tuple[list[str], list[str]]:
    found = [u for c in corpus.split(split) for u in c.utterances if u.label is not None]
    return [u.text for u in found], [str(u.label) for u in found]


def test_the_setting_is_the_best_of_the_grid_on_dev(toy: Corpus, fitted: Tfidf) -> None:
    """The same by hand: one binary classifier per label, the label with the largest margin."""
    assert selection_metric(toy) == "macro_f1"
    (texts, gold), (dev, dev_gold) = _labelled(toy, "train"), _labelled(toy, "dev")
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=WORD).fit(texts)
    labels = sorted(set(gold), key=toy.label_set.index)
    scores = {}
    predictions = {}
    for weight in (None, "balanced"):
        for strength in STRENGTHS:
            margins = []
            for label in labels:
                model = LogisticRegression(C=strength, class_weight=weight, solver="liblinear")
                model.fit(words.transform(texts), [one == label for one in gold])
                margins.append(model.decision_function(words.transform(dev)))
            predictions[strength, weight] = [labels[i] for i in np.argmax(margins, axis=0)]
            scores[strength, weight] = f1_score(dev_gold, predictions[strength, weight], average="macro")
    best = max(scores, key=lambda setting: scores[setting])
    assert len(set(scores.values())) > 1
    assert (fitted.settings["model"]["C"], fitted.settings["model"]["class_weight"]) == (best[0], best[1] or "none")
    assert fitted.parameters == len(labels) * (len(words.vocabulary_) + 1)
    kept = [
        p.label
        for one in Labeler(fitted).label(toy.split("dev"))
        for p, u in zip(one.predictions, one.conversation.utterances, strict=True)
        if u.label is not None
    ]
    assert kept == predictions[best]


def test_it_learns_what_the_words_say(toy: Corpus, fitted: Tfidf) -> None:
    found = evaluate_model(fitted, toy, "test", draws=5)
    least = evaluate_model(Majority.fit(toy), toy, "test", draws=5)
    assert found.metrics["accuracy"] > least.metrics["accuracy"] + 0.2
    assert found.metrics["calibrated"]
    assert found.metrics["expected_calibration_error"] < 0.1
    assert found.protocol.memory == "none, every utterance alone"


def test_scores_are_probabilities_and_the_same_alone(toy: Corpus, fitted: Tfidf) -> None:
    conversations = toy.split("test")[:7]
    together = Labeler(fitted).label(conversations)
    for conversation, one in zip(conversations, together, strict=True):
        for prediction, alone in zip(
            one.predictions, Labeler(fitted).label([conversation])[0].predictions, strict=True
        ):
            assert sum(prediction.scores.values()) == pytest.approx(1)
            assert prediction.label == max(prediction.scores, key=lambda label: prediction.scores[label])
            assert prediction.scores == pytest.approx(alone.scores)


def test_fitting_twice_gives_the_same(toy: Corpus, fitted: Tfidf) -> None:
    assert Tfidf.is_deterministic
    assert Labeler(Tfidf.fit(toy, seed=9)).label(toy.split("test")[:3]) == Labeler(fitted).label(toy.split("test")[:3])


def test_context_reads_the_utterance_before_and_no_other() -> None:
    """The label is said by the utterance before; utterances themselves say nothing."""
    labels = LabelSet(("up", "down"))

    def conversation(name: str, word: str, first: str = "hello") -> Conversation:
        gold = {"sun": "up", "rain": "down"}[word]
        return Conversation(
            name, (Utterance("0", "A", first), Utterance("1", "A", word), Utterance("2", "B", "well", gold))
        )

    def split(name: str, count: int) -> tuple[Conversation, ...]:
        return tuple(conversation(f"{name}{i}", ("sun", "rain")[i % 2]) for i in range(count))

    corpus = Corpus("toy", "1", labels, {"train": split("train", 40), "dev": split("dev", 10)})
    context = TfidfContext.fit(corpus)
    found = evaluate_model(context, corpus, "dev", draws=5)
    assert found.metrics["accuracy"] == 1.0
    assert found.protocol.memory == "none beyond the context of the conversation"
    plain = evaluate_model(Tfidf.fit(corpus), corpus, "dev", draws=5)
    assert plain.metrics["accuracy"] == 0.5
    assert plain.protocol.memory == "none, every utterance alone"
    sunny, rainy = (
        Labeler(context).label([conversation("x", "sun", first)])[0].predictions for first in ("sun", "rain")
    )
    assert sunny[2] == rainy[2]  # two utterances back
    assert sunny[1] != rainy[1]
    # The first utterance of a conversation has none before it, whatever the last one of another was.
    two = [conversation("x", "sun"), conversation("y", "rain")]
    assert (
        Labeler(context).label(two)[1].predictions[0].scores
        == Labeler(context).label(two[::-1])[0].predictions[0].scores
    )


def test_a_label_that_train_lacks_scores_nothing(toy: Corpus) -> None:
    wider = dataclasses.replace(toy, label_set=LabelSet((*toy.label_set.labels, "Odd"), "Neutral"))
    prediction = Labeler(Tfidf.fit(wider)).label(toy.split("test")[:1])[0].predictions[0]
    assert prediction.scores["Odd"] == 0.0
    assert sum(prediction.scores.values()) == pytest.approx(1)


def test_what_cannot_be_fitted_is_refused(toy: Corpus) -> None:
    def corpus(*said: tuple[str, str]) -> Corpus:
        utterances = tuple(Utterance(f"u{i}", "A", text, label) for i, (text, label) in enumerate(said))
        one = (Conversation("c", utterances),)
        return Corpus("odd", "1", toy.label_set, {"train": one, "dev": one})

    with pytest.raises(CorpusError, match="all gold labels are the same"):
        Tfidf.fit(corpus(("good", "Glad"), ("day", "Glad")))
    with pytest.raises(CorpusError, match=r"odd/train: no word to count"):
        Tfidf.fit(corpus(("...", "Glad"), ("--", "Blue")))
    with pytest.raises(CorpusError, match="no dev split"):
        Tfidf.fit(Corpus("short", "1", toy.label_set, {"train": toy.splits["train"]}))
