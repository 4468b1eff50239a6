"""Nearest prototypes against scikit-learn and naive loops."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestCentroid

from erckit.errors import SettingError
from erckit.labelling.own_labels.distances import squared_distances
from erckit.labelling.own_labels.prototypes import Prototypes
from erckit.labelling.own_labels.scorer import few_temperature
from erckit.labels import LabelSet
from erckit.metrics import fit_temperature

LABELS = LabelSet(("a", "b", "c"))


def _data(seed: int = 0, count: int = 60, width: int = 8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    gold = np.concatenate([np.arange(3), np.arange(3), rng.integers(0, 3, count - 6)])
    return rng.normal(size=(count, width)) + 0.8 * rng.normal(size=(3, width))[gold] + 2, gold


def test_same_labels_as_scikit_learn() -> None:
    vectors, gold = _data()
    other, _ = _data(1, 200)
    found = Prototypes.fit(vectors, gold, LABELS)
    expected = NearestCentroid().fit(vectors, gold)
    np.testing.assert_allclose(found.centres, expected.centroids_, atol=1e-12)
    np.testing.assert_array_equal(found.logits(other).argmax(axis=1), expected.predict(other))
    assert len(set(expected.predict(other))) == 3


def test_cosine_is_that_of_the_mean_direction() -> None:
    vectors, gold = _data()
    other, _ = _data(1)
    found = Prototypes.fit(vectors, gold, LABELS, distance="cosine")
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    means = np.stack([unit[gold == i].mean(axis=0) for i in range(3)])
    np.testing.assert_allclose(-found.logits(other), 2 - 2 * cosine_similarity(other, means), atol=1e-12)
    np.testing.assert_allclose(found.logits(3.5 * other), found.logits(other), atol=1e-12)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize("levels", [False, True])
def test_left_out_is_fitted_without(distance: str, levels: bool) -> None:
    vectors, gold = _data(count=14)
    whole = Prototypes.fit(vectors, gold, LABELS, distance=distance, levels=levels)
    found = whole.left_out_logits(vectors, gold)
    for i in range(len(gold)):
        rest = np.arange(len(gold)) != i
        without = Prototypes.fit(vectors[rest], gold[rest], LABELS, distance=distance, levels=False)
        if levels:  # the scatter of all examples, the count without this one
            unit = vectors if distance == "euclidean" else vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
            squares = ((unit[i] - without.centres) ** 2).sum(axis=1) - whole.scatter / without.counts
            expected = -squares
            others = np.arange(3) != gold[i]
            np.testing.assert_allclose(found[i, gold[i]], expected[gold[i]], atol=1e-10)
            np.testing.assert_allclose(found[i, others], expected[others], atol=1e-10)
        else:
            np.testing.assert_allclose(found[i], without.logits(vectors[i : i + 1])[0], atol=1e-10)


def test_levelled_distances_do_not_depend_on_how_many_examples_there_were() -> None:
    rng = np.random.default_rng(3)
    gold = np.concatenate([np.zeros(4, int), np.ones(400, int), np.full(400, 2)])
    plain, level = [], []
    for _ in range(300):
        vectors = rng.normal(size=(len(gold), 30))  # all labels lie in the same place
        other = rng.normal(size=(1, 30))
        fitted = [Prototypes.fit(vectors, gold, LABELS, levels=levels) for levels in (False, True)]
        plain.append(fitted[0].logits(other)[0])
        level.append(fitted[1].logits(other)[0])
    assert np.mean(plain, axis=0)[0] < np.mean(plain, axis=0)[1] - 5  # 30 / 4 further away
    assert np.ptp(np.mean(level, axis=0)) < 1


def test_a_label_needs_examples() -> None:
    vectors, gold = _data()
    with pytest.raises(SettingError, match="no example of c"):
        Prototypes.fit(vectors[gold != 2], gold[gold != 2], LABELS)
    alone = np.array([0, 0, 1, 1, 2])
    with pytest.raises(SettingError, match="'c' has one example only"):
        Prototypes.fit(vectors[:5], alone, LABELS).left_out_logits(vectors[:5], alone)
    with pytest.raises(SettingError, match="Did you mean 'cosine'"):
        squared_distances(vectors, vectors, "cosin")


def test_what_is_kept_comes_back() -> None:
    vectors, gold = _data()
    first = Prototypes.fit(vectors, gold, LABELS, distance="cosine", levels=True)
    first = first.calibrated(first.left_out_logits(vectors, gold), gold)
    again = Prototypes.restore(LABELS, first.temperature, first.arrays(), first.values())
    np.testing.assert_allclose(again.logits(vectors), first.logits(vectors), atol=1e-5)
    assert again.temperature == first.temperature
    with pytest.raises(ValueError, match="prototypes"):
        Prototypes.restore(LabelSet(("a", "b")), 1.0, first.arrays(), first.values())


def test_temperature_of_many_is_the_ordinary_one_and_of_few_is_careful() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 3, 20_000)
    logits = 2.0 * np.eye(3)[gold] + rng.normal(size=(len(gold), 3))
    assert few_temperature(logits, gold) == pytest.approx(fit_temperature(logits, gold), rel=0.01)
    assert few_temperature(1e4 * logits, gold) == pytest.approx(1e4 * fit_temperature(logits, gold), rel=0.01)
    # Eight right answers of eight: a plain fit is sure of everything, this one is not.
    eight = np.arange(8) % 2
    right = 3.0 * np.eye(2)[eight]
    scores = np.exp(right / few_temperature(right, eight))
    assert (scores.max(axis=1) / scores.sum(axis=1)).max() == pytest.approx(0.9, abs=1e-3)  # 1 - (1/2) * 2 / (8 + 2)
