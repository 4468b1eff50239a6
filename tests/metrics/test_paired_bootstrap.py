"""Paired bootstrap against a naive loop, and how often it is wrong when nothing differs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from erckit.errors import ErckitError, SettingError
from erckit.metrics.bootstrap import resample
from erckit.metrics.paired_bootstrap import mean_of_drawn_seeds, paired_bootstrap, summarise_differences


def _weighted(gold: np.ndarray, runs: np.ndarray) -> float:
    return float(np.mean([f1_score(gold, run, average="weighted", zero_division=0) for run in runs]))


@pytest.mark.parametrize("runs", [(1, 1), (2, 2), (3, 1)])
def test_equals_the_naive_loop(two_systems: Any, runs: tuple[int, int]) -> None:
    made = two_systems(3, runs)
    naive = []
    for drawn in resample(12, 40, seed=5):
        rows = made.rows_of(drawn)
        naive.append(_weighted(made.gold[rows], made.first[:, rows]) - _weighted(made.gold[rows], made.second[:, rows]))
    observed = _weighted(made.gold, made.first) - _weighted(made.gold, made.second)
    as_far = sum(abs(value - observed) >= abs(observed) for value in naive)
    found = paired_bootstrap(made.gold, made.first, made.second, made.groups, "weighted_f1", draws=40, seed=5)
    assert found.difference == pytest.approx(observed)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(naive, [0.025, 0.975])))
    assert found.standard_error == pytest.approx(np.std(naive, ddof=1))
    assert found.p_value == pytest.approx((as_far + 1) / 41)


def test_swapped_systems_mirror_the_answer(two_systems: Any) -> None:
    made = two_systems(4, gain=0.1)
    one = paired_bootstrap(made.gold, made.first, made.second, made.groups, "accuracy", draws=300)
    other = paired_bootstrap(made.gold, made.second, made.first, made.groups, "accuracy", draws=300)
    assert (other.difference, other.low, other.high) == pytest.approx((-one.difference, -one.high, -one.low))
    assert other.p_value == one.p_value


def test_a_system_does_not_differ_from_itself(two_systems: Any) -> None:
    made = two_systems(5)
    same = paired_bootstrap(made.gold, made.first, made.first, made.groups, "mcc", draws=50)
    assert (same.difference, same.low, same.high, same.p_value, same.standard_error) == (0, 0, 0, 1, 0)


def test_a_clear_difference_is_found_and_never_with_p_0(two_systems: Any) -> None:
    made = two_systems(6, gain=0.4)
    found = paired_bootstrap(made.gold, made.first, made.second, made.groups, "accuracy", draws=199)
    assert found.low > 0
    assert found.p_value == pytest.approx(1 / 200)


def test_one_run_of_a_drawn_pair_of_seeds() -> None:
    # With 2 seeds one is drawn, so the mean is one of the two scores, each about as often.
    scores = np.array([np.full(4000, 0.2), np.full(4000, 0.6)])
    means = mean_of_drawn_seeds(scores, seed=0)
    assert set(means.tolist()) == {0.2, 0.6}
    assert means.mean() == pytest.approx(0.4, abs=0.02)


@pytest.mark.parametrize("runs", [2, 3, 5])
def test_spread_over_drawn_seeds_is_the_standard_error_of_the_mean(runs: int) -> None:
    scores = np.random.default_rng(runs).normal(size=runs)
    means = mean_of_drawn_seeds(np.repeat(scores[:, None], 100_000, axis=1), seed=1)
    assert means.std() == pytest.approx(scores.std(ddof=1) / np.sqrt(runs), rel=0.02)


def test_resampled_seeds_widen_the_interval(two_systems: Any) -> None:
    made = two_systems(7, runs=(4, 4), conversations=60, size=600)
    made.first[0] = made.gold  # one seed of the four is far off the others
    plain = paired_bootstrap(made.gold, made.first, made.second, made.groups, "accuracy", draws=500)
    wide = paired_bootstrap(made.gold, made.first, made.second, made.groups, "accuracy", draws=500, resample_seeds=True)
    assert wide.difference == plain.difference
    assert wide.standard_error > 2 * plain.standard_error
    assert wide.p_value > plain.p_value
    with pytest.raises(ErckitError, match="--seeds 5"):
        paired_bootstrap(made.gold, made.first, made.second[0], made.groups, "accuracy", resample_seeds=True)


def test_type_one_error_is_about_five_percent() -> None:
    rng = np.random.default_rng(11)
    wrong, trials = 0, 400
    groups = np.repeat(np.arange(50), 8)
    gold = np.zeros(400, dtype=int)
    for trial in range(trials):
        # Conversations differ in how hard they are, for both systems; some suit one system, some the other.
        hard = np.repeat(rng.normal(0, 0.1, 50), 8)
        first, second = (
            (rng.random(400) > 0.6 + hard + np.repeat(rng.normal(0, 0.1, 50), 8)).astype(int) for _ in range(2)
        )
        wrong += paired_bootstrap(gold, first, second, groups, "accuracy", draws=199, seed=trial).p_value <= 0.05
    assert 0.025 < wrong / trials < 0.085


def test_wrong_input_is_an_error(two_systems: Any) -> None:
    made = two_systems(8)
    with pytest.raises(ErckitError, match="nothing to resample"):
        paired_bootstrap(made.gold, made.first, made.second, made.groups, "accuracy", draws=0)
    with pytest.raises(SettingError, match="level"):
        summarise_differences(np.zeros(3), 0.0, level=95)
    with pytest.raises(SettingError, match="Did you mean 'accuracy'"):
        paired_bootstrap(made.gold, made.first, made.second, made.groups, "acuracy", label_set=made.label_set)
