"""Gains of conversations against a plain permutation test, and several comparisons as one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import permutation_test

from erckit.errors import ResultError
from erckit.evaluation.comparison.paired_gain import PairedGain, gain_by_conversation, pool_gains


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


def test_pooled_comparisons_weigh_the_same_and_keep_conversations_whole() -> None:
    rng = np.random.default_rng(1)
    one, two = _gain(rng, 30, 0.3), _gain(rng, 30, 0.1)
    two = PairedGain(two.conversations, 10 * two.gained, 10 * two.weight)
    pooled = pool_gains([one, two])
    assert pooled.difference == pytest.approx((one.difference + two.difference) / 2)
    assert len(pooled.conversations) == 30
    doubled = pool_gains([one, one])  # the same evidence twice is no more evidence
    (low, high), p = one.test(1)
    again, same = doubled.test(1)
    assert again == pytest.approx((low, high))
    assert same == p
    apart = PairedGain(tuple(f"x{name}" for name in two.conversations), two.gained, two.weight)
    assert len(pool_gains([one, apart]).conversations) == 60


def test_a_file_keeps_it_and_nonsense_is_refused() -> None:
    gain = _gain(np.random.default_rng(2), 5, 0.0)
    again = PairedGain.from_data(gain.to_data())
    assert again.conversations == gain.conversations
    np.testing.assert_allclose(again.gained, gain.gained, atol=1e-9)
    kept: dict[str, Any] = gain.to_data()
    for wrong in ({}, {**kept, "gained": ["a"] * 5}, {**kept, "weight": [1.0]}, {**kept, "weight": [0.0] * 5}):
        with pytest.raises(ResultError, match="evaluate again"):
            PairedGain.from_data(wrong)
    with pytest.raises(ResultError, match="no gains"):
        pool_gains([])
