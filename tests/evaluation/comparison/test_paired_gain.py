"""Gains of conversations against a plain permutation test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import permutation_test

from erckit.evaluation.comparison.paired_gain import PairedGain, gain_by_conversation


def _gain(rng: np.random.Generator, count: int, effect: float) -> PairedGain:
    weight = rng.uniform(0.5, 2, count)
    return PairedGain(tuple(map(str, range(count))), weight * (rng.normal(size=count) + effect), weight)


@pytest.mark.parametrize("effect", [0.0, 0.2, 0.5])
def test_p_is_that_of_scipy(effect: float) -> None:
    gain = _gain(np.random.default_rng(3), 60, effect)
    _, p = gain.test(seed=1)
    against = permutation_test(
        (gain.gained, np.zeros(60)),
        lambda a, b, axis: np.sum(a - b, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=10_000,
        random_state=0,
    )
    assert p == pytest.approx(against.pvalue, abs=0.02)


def test_p_is_even_where_there_is_nothing() -> None:
    rng = np.random.default_rng(0)
    found = [_gain(rng, 40, 0.0).test(seed=n)[1] for n in range(60)]
    assert np.mean(np.array(found) < 0.5) == pytest.approx(0.5, abs=0.2)
    assert np.mean(np.array(found) < 0.05) <= 0.15


def test_gains_of_episodes_are_those_of_a_loop() -> None:
    conversations = np.array([0, 0, 2, 2, 3])
    queries = [[np.array([0, 2]), np.array([4])], [np.array([1]), np.array([2, 3, 4])]]
    ours = [[np.array([True, False]), np.array([True])], [np.array([True]), np.array([False, True, True])]]
    theirs = [[np.array([False, False]), np.array([True])], [np.array([False]), np.array([True, True, False])]]
    gain = gain_by_conversation(["a", "b", "c", "d"], conversations, queries, ours, theirs)
    assert gain.conversations == ("a", "c", "d")  # b is never asked about
    assert gain.weight.sum() == pytest.approx(1)
    means = [np.mean([np.mean(one) for one in episode]) for episode in ours]
    others = [np.mean([np.mean(one) for one in episode]) for episode in theirs]
    assert gain.difference == pytest.approx(np.mean(means) - np.mean(others))
    np.testing.assert_allclose(gain.gained, [1 / 8 + 1 / 4, -1 / 12, 1 / 12])
