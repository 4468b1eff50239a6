"""Several comparisons of pairs of labels as one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from erckit.errors import ResultError
from erckit.evaluation.comparison.paired_gain import PairedGain
from leave_two_out import pool_gains, read_gain


def _gain(rng: np.random.Generator, count: int, effect: float) -> PairedGain:
    weight = rng.uniform(0.5, 2, count)
    return PairedGain(tuple(map(str, range(count))), weight * (rng.normal(size=count) + effect), weight)


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
    again = read_gain(gain.to_data())
    assert again.conversations == gain.conversations
    np.testing.assert_allclose(again.gained, gain.gained, atol=1e-9)
    kept: dict[str, Any] = gain.to_data()
    for wrong in ({}, {**kept, "gained": ["a"] * 5}, {**kept, "weight": [1.0]}, {**kept, "weight": [0.0] * 5}):
        with pytest.raises(ResultError, match="evaluate again"):
            read_gain(wrong)
    with pytest.raises(ResultError, match="no gains"):
        pool_gains([])
