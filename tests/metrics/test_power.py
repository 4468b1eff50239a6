"""The smallest difference: the closed form, and that a test does find it in four of five cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from erckit.errors import SettingError
from erckit.metrics.approximate_randomisation import approximate_randomisation
from erckit.metrics.paired_bootstrap import paired_bootstrap
from erckit.metrics.power import assumed_rival, smallest_difference


def test_closed_form() -> None:
    assert smallest_difference(1) == pytest.approx(1.96 + 0.84, abs=0.005)
    assert smallest_difference(0) == 0
    effect = smallest_difference(0.7, alpha=0.01, power=0.9)
    # Probability of falling beyond the critical value on the right side.
    assert norm.sf(norm.isf(0.005) - effect / 0.7) == pytest.approx(0.9)
    assert smallest_difference(1, alpha=0.05 / 6) > smallest_difference(1)


def _pair(rng: np.random.Generator, gain: float) -> tuple[np.ndarray, np.ndarray]:
    hard = np.repeat(rng.normal(0, 0.1, 60), 10)
    first = rng.random(600) < 0.5 + hard + gain
    second = rng.random(600) < 0.5 + hard
    return first.astype(int), second.astype(int)


def test_a_test_finds_the_smallest_difference_four_times_in_five() -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(60), 10)
    gold = np.ones(600, dtype=int)
    errors = [paired_bootstrap(gold, *_pair(rng, 0), groups, "accuracy", draws=200).standard_error for _ in range(20)]
    gain = smallest_difference(float(np.mean(errors)))
    trials = 300
    found = sum(
        approximate_randomisation(gold, *_pair(rng, gain), groups, "accuracy", draws=199, seed=trial) <= 0.05
        for trial in range(trials)
    )
    assert 0.73 < found / trials < 0.87


def test_a_simulated_rival_is_as_far_as_a_real_one() -> None:
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(60), 10)
    gold = rng.integers(0, 3, 600)
    shared = np.where(rng.random(600) < 0.6, gold, rng.integers(0, 3, 600))
    # Two systems of the same kind: each departs from the shared predictions on its own.
    first, second = (
        np.where(rng.random(600) < 0.7, shared, np.where(rng.random(600) < 0.6, gold, rng.integers(0, 3, 600)))
        for _ in range(2)
    )
    agreement = float((first == second).mean())
    real = paired_bootstrap(gold, first, second, groups, "weighted_f1", draws=500).standard_error
    rival = assumed_rival(gold, first, groups, "weighted_f1", agreement)
    assert rival.agreement == pytest.approx(agreement, abs=0.02)
    assert rival.standard_error == pytest.approx(real, rel=0.2)


def test_a_rival_that_agrees_more_is_told_apart_better() -> None:
    rng = np.random.default_rng(5)
    gold = rng.integers(0, 3, 400)
    runs = np.where(rng.random((2, 400)) < 0.6, gold, rng.integers(0, 3, (2, 400)))
    groups = np.repeat(np.arange(40), 10)
    errors = [assumed_rival(gold, runs, groups, "accuracy", share).standard_error for share in (0.6, 0.8, 0.95)]
    assert errors[0] > errors[1] > errors[2] > 0
    assert assumed_rival(gold, runs, groups, "accuracy", 1.0).standard_error == 0
    usual = assumed_rival(gold, runs, groups, "accuracy")
    by_chance = assumed_rival(gold, runs, groups, "accuracy", 0.0).agreement
    assert usual.agreement == pytest.approx((1 + by_chance) / 2, abs=0.03)


def test_wrong_values_are_errors() -> None:
    for alpha, power in ((0, 0.8), (0.05, 1), (5, 0.8)):
        with pytest.raises(SettingError, match="between 0 and 1"):
            smallest_difference(1, alpha, power)
    with pytest.raises(SettingError, match="at least 0"):
        smallest_difference(float("nan"))
    with pytest.raises(SettingError, match="agreement"):
        assumed_rival([0, 1], [0, 1], [0, 1], "accuracy", agreement=70)
