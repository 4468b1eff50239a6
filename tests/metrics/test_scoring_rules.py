"""Brier score, likelihood and the temperature taken back, against scikit-learn and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import brier_score_loss, log_loss

from erckit.errors import ErckitError
from erckit.metrics import brier_score, negative_log_likelihood, undo_temperature


def test_two_labels_are_twice_scikit_learns_brier() -> None:
    rng = np.random.default_rng(0)
    p, gold = rng.random(200), rng.integers(0, 2, 200)
    assert brier_score(np.stack([1 - p, p], axis=1), gold) == pytest.approx(2 * brier_score_loss(gold, p))


def test_many_labels() -> None:
    rng = np.random.default_rng(1)
    scores, gold = rng.dirichlet(np.ones(4), 300), rng.integers(0, 4, 300)
    assert negative_log_likelihood(scores, gold) == pytest.approx(log_loss(gold, scores, labels=range(4)))
    naive = np.mean([sum((scores[i, k] - (k == gold[i])) ** 2 for k in range(4)) for i in range(300)])
    assert brier_score(scores, gold) == pytest.approx(naive)


def test_extremes() -> None:
    assert brier_score(np.eye(3), [0, 1, 2]) == 0
    assert brier_score(np.eye(3), [1, 2, 0]) == 2
    assert negative_log_likelihood(np.full((2, 7), 1 / 7), [0, 6]) == pytest.approx(np.log(7))
    assert negative_log_likelihood(np.eye(2), [1, 0]) == pytest.approx(-np.log(1e-12))  # large, not infinite
    assert brier_score([[1.0, 0.0], [0.5, 0.5]], [0, -100]) == 0  # without gold: left out


@given(
    st.lists(st.lists(st.floats(-8, 8), min_size=3, max_size=3), min_size=1, max_size=5),
    st.floats(0.05, 20),
)
def test_a_temperature_can_be_taken_back(logits: list[list[float]], temperature: float) -> None:
    z = np.array(logits)
    assert undo_temperature(softmax(z / temperature, axis=1), temperature) == pytest.approx(
        softmax(z, axis=1), abs=1e-9
    )


@pytest.mark.parametrize("temperature", [0.6, 1.1, 2.5])
def test_four_decimals_are_enough_to_take_it_back(temperature: float) -> None:
    z = np.random.default_rng(2).normal(scale=2, size=(2000, 7))
    rounded = softmax(z / temperature, axis=1).round(4)
    off = np.abs(undo_temperature(rounded, temperature).max(axis=1) - softmax(z, axis=1).max(axis=1))
    # Below 1, scores that were rounded to 0 had a share of the sum.
    mean, most = (1e-4, 2e-4 * temperature) if temperature >= 1 else (1e-3, 0.01)
    assert off.mean() < mean
    assert off.max() < most


def test_what_cannot_be_taken_back() -> None:
    for temperature in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ErckitError, match="above 0"):
            undo_temperature([[0.5, 0.5]], temperature)
    for scores in ([[0.0, 0.0]], [[-0.1, 1.1]], [0.5, 0.5], [[float("nan"), 1.0]]):
        with pytest.raises(ErckitError, match="rows of numbers"):
            undo_temperature(scores, 1.5)
