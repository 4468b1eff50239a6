"""New labels beside own ones: scores that sum to 1, own labels in their old proportions."""

from __future__ import annotations

import numpy as np
import pytest

from erckit.labelling.own_labels.kept_labels import KeptLabels
from erckit.labelling.own_labels.prototypes import Prototypes
from erckit.labels import LabelSet


def _scorer(seed: int) -> tuple[KeptLabels, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    gold = np.arange(60) % 5
    vectors = rng.normal(size=(60, 6)) + 2 * rng.normal(size=(5, 6))[gold]
    prototypes = Prototypes.fit(vectors, gold, LabelSet(tuple("abcXY")), levels=True)
    prototypes = prototypes.calibrated(prototypes.left_out_logits(vectors, gold), gold)
    return KeptLabels(prototypes, 3, 1.7), vectors, rng.normal(size=(60, 3)) * 3


@pytest.mark.parametrize("seed", range(4))
def test_own_labels_keep_their_proportions(seed: int) -> None:
    scorer, vectors, own = _scorer(seed)
    scores = np.exp(scorer.logits(vectors, own))
    np.testing.assert_allclose(scores.sum(axis=1), 1)
    before = np.exp(own / 1.7) / np.exp(own / 1.7).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(scores[:, :3] / scores[:, :3].sum(axis=1, keepdims=True), before, rtol=1e-9)
    by_distance = np.exp(scorer.prototypes.logits(vectors) / scorer.prototypes.temperature)
    by_distance /= by_distance.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(scores[:, 3:], by_distance[:, 3:], rtol=1e-9)  # new labels: the prototypes alone


def test_it_comes_back() -> None:
    scorer, vectors, own = _scorer(0)
    again = KeptLabels.restore(scorer.label_set, 1.0, scorer.arrays(), scorer.values())
    np.testing.assert_allclose(again.logits(vectors, own), scorer.logits(vectors, own), atol=1e-4)
    with pytest.raises(ValueError, match="own labels"):
        KeptLabels.restore(scorer.label_set, 1.0, scorer.arrays(), {**scorer.values(), "own": 5})
