"""Nearest neighbours against scikit-learn and a naive loop."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from erckit.errors import SettingError
from erckit.labelling.own_labels import neighbours as module
from erckit.labelling.own_labels.neighbours import Neighbours
from erckit.labels import LabelSet

LABELS = LabelSet(("a", "b", "c", "d"))


def _data(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 4, count)
    return (rng.normal(size=(count, 6)) + np.eye(4, 6)[gold]).astype(np.float32), gold


@pytest.mark.parametrize("k", [1, 7, 120])
@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_shares_are_those_of_scikit_learn(k: int, distance: str) -> None:
    vectors, gold = _data(0, 120)
    other, _ = _data(1, 300)
    found = Neighbours.fit(vectors, gold, LABELS, k=k, distance=distance)
    expected = KNeighborsClassifier(k, metric=distance, algorithm="brute").fit(vectors, gold)
    np.testing.assert_allclose(found.shares(other), expected.predict_proba(other), atol=1e-9)
    clear = np.ptp(np.sort(found.shares(other))[:, -2:], axis=1) > 0  # no tie
    np.testing.assert_array_equal(found.logits(other).argmax(axis=1)[clear], expected.predict(other)[clear])
    assert clear.sum() > 200


def test_left_out_examples_do_not_vote_for_themselves() -> None:
    vectors, gold = _data(0, 40)
    vectors[5] = vectors[6] = vectors[7]  # equal vectors hide each other
    found = Neighbours.fit(vectors, gold, LABELS, k=3).left_out_logits()
    for i in range(len(gold)):
        if i in (5, 6, 7):
            continue
        rest = np.arange(len(gold)) != i
        expected = Neighbours.fit(vectors[rest], gold[rest], LABELS, k=3).logits(vectors[i : i + 1])[0]
        np.testing.assert_allclose(found[i], expected)


def test_faiss_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss")
    vectors, gold = _data(0, 500)
    other, _ = _data(1, 100)
    exact = Neighbours.fit(vectors, gold, LABELS, k=9, distance="cosine")
    monkeypatch.setattr(module, "LARGE", 400)
    large = Neighbours.fit(vectors, gold, LABELS, k=9, distance="cosine")
    np.testing.assert_array_equal(np.sort(large.nearest(other)), np.sort(exact.nearest(other)))
    assert large._index, "faiss was not used"
    np.testing.assert_allclose(large.shares(other), exact.shares(other))


def test_no_label_gets_nothing_and_scores_come_back() -> None:
    vectors, gold = _data(0, 50)
    first = Neighbours.fit(vectors, gold, LABELS, k=5)
    first = first.calibrated(first.left_out_logits(), gold)
    assert np.isfinite(first.logits(vectors)).all()
    assert first.logits(vectors[:0]).shape == (0, 4)
    again = Neighbours.restore(LABELS, first.temperature, first.arrays(), first.values())
    np.testing.assert_array_equal(again.logits(vectors), first.logits(vectors))
    with pytest.raises(SettingError, match="must be 1 to 50"):
        Neighbours.fit(vectors, gold, LABELS, k=51)
    with pytest.raises(ValueError, match="of no label"):
        Neighbours.restore(LabelSet(("a", "b")), 1.0, first.arrays(), first.values())
