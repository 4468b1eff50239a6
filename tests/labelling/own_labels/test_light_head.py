"""The light head against scikit-learn's own predictions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from erckit.labelling.own_labels.light_head import LightHead
from erckit.labels import LabelSet


@pytest.mark.parametrize("labels", [2, 4])
def test_it_separates_what_logistic_regression_separates(labels: int) -> None:
    rng = np.random.default_rng(0)
    centres = 1.5 * rng.normal(size=(labels, 12))
    gold, new = np.arange(40) % labels, np.arange(400) % labels
    vectors, other = 5 + centres[gold] + rng.normal(size=(40, 12)), 5 + centres[new] + rng.normal(size=(400, 12))
    label_set = LabelSet(tuple("abcd"[:labels]))
    head, held_out = LightHead.fit(vectors, gold, label_set)
    assert held_out.shape == (40, labels)
    assert (held_out.argmax(axis=1) == gold).mean() > 0.8
    plain = LogisticRegression(max_iter=2000).fit(vectors, gold)
    right = (head.logits(other).argmax(axis=1) == new).mean()
    assert right > 0.85
    assert right >= plain.score(other, new) - 0.03
    again = LightHead.restore(label_set, head.temperature, head.arrays(), head.values())
    np.testing.assert_allclose(again.logits(other), head.logits(other), atol=1e-3)
    assert head.temperature is not None
    assert head.temperature > 0


def test_two_examples_of_a_label_are_enough() -> None:
    rng = np.random.default_rng(1)
    head, held_out = LightHead.fit(rng.normal(size=(5, 4)), [0, 0, 1, 1, 1], LabelSet(("a", "b")))
    assert np.isfinite(held_out).all()
    assert np.isfinite(head.weight).all()


def test_broken_arrays_are_refused() -> None:
    arrays = {"weight": np.full((2, 3), np.nan), "bias": np.zeros(2)}
    with pytest.raises(ValueError, match="not finite"):
        LightHead.restore(LabelSet(("a", "b")), 1.0, arrays, {})
    with pytest.raises(ValueError, match="for 3 labels"):
        LightHead.restore(LabelSet(("a", "b", "c")), 1.0, arrays, {})
