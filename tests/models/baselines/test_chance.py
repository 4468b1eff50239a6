"""Labels drawn as often as train has them."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from scipy.stats import chisquare

from erckit.conversation import Conversation, Utterance
from erckit.corpora.corpus import Corpus
from erckit.evaluation import evaluate_model
from erckit.labelling import Labeler
from erckit.labels import LabelSet
from erckit.models.baselines.chance import Chance

SHARES = {"a": 0.7, "b": 0.2, "never": 0.0, "c": 0.1}


@pytest.fixture(scope="module")
def large() -> Corpus:
    def said(count: int, labels: list[str]) -> tuple[Conversation, ...]:
        return tuple(
            Conversation(
                f"c{i}", tuple(Utterance(f"u{j}", "A", "hm", labels[(i * 50 + j) % len(labels)]) for j in range(50))
            )
            for i in range(count)
        )

    labels = [label for label, share in SHARES.items() for _ in range(round(10 * share))]
    return Corpus("large", "1", LabelSet(tuple(SHARES)), {"train": said(2, labels), "test": said(200, labels)})


def _drawn(corpus: Corpus, seed: int) -> list[str | None]:
    return [p.label for one in Labeler(Chance.fit(corpus, seed)).label(corpus.split("test")) for p in one.predictions]


def test_draws_follow_the_shares_of_train(large: Corpus) -> None:
    counts = Counter(_drawn(large, 1))
    assert counts["never"] == 0
    kept = [label for label, share in SHARES.items() if share]
    found = [counts[label] for label in kept]
    assert chisquare(found, [10_000 * SHARES[label] for label in kept]).pvalue > 0.001


def test_draws_do_not_follow_the_gold_labels(large: Corpus) -> None:
    """A drawn label is right as often as two independent draws agree."""
    result = evaluate_model(Chance.fit(large, 2), large, "test", draws=5)
    expected = sum(share**2 for share in SHARES.values())
    assert result.metrics["accuracy"] == pytest.approx(expected, abs=0.02)
    assert result.seeds == (2,)


def test_the_seed_decides(large: Corpus) -> None:
    assert _drawn(large, 1) == _drawn(large, 1)
    same = sum(a == b for a, b in zip(_drawn(large, 1), _drawn(large, 2), strict=True))
    assert same / 10_000 == pytest.approx(sum(share**2 for share in SHARES.values()), abs=0.02)


def test_an_utterance_keeps_its_label_whatever_else_is_labelled(large: Corpus) -> None:
    chance = Chance.fit(large, 3)
    conversations = list(large.split("test"))[:20]
    together = {one.conversation.id: one for one in Labeler(chance).label(conversations)}
    random.Random(0).shuffle(conversations)
    for conversation in conversations[:5]:
        assert Labeler(chance).label([conversation])[0] == together[conversation.id]


def test_the_drawn_label_has_all_of_the_score(large: Corpus) -> None:
    prediction = Labeler(Chance.fit(large)).label(large.split("test")[:1])[0].predictions[0]
    assert {label for label, score in prediction.scores.items() if score == 1.0} == {prediction.label}
    assert sum(prediction.scores.values()) == 1.0
