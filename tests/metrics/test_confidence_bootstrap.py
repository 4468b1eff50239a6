"""Resampled calibration error, bins and risk: against resampling by hand, and whether intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from erckit.errors import ErckitError
from erckit.metrics import reliability_bins, risk_coverage_curve
from erckit.metrics.bootstrap import resample
from erckit.metrics.confidence_bootstrap import ConfidenceBootstrap, corrected_interval, error_of_perfect_calibration


def _drawn(conversations: int, shift: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Utterances that are right ``shift`` less often than their confidence says, alike within a conversation."""
    mood = rng.beta(4, 6, size=(conversations, 1))
    confidence = 0.2 + 0.75 * (0.5 * mood + 0.5 * rng.beta(4, 6, size=(conversations, 16)))
    chance = np.clip(confidence - shift + rng.normal(0, 0.08, size=(conversations, 1)), 0, 1)
    right = rng.random(chance.shape) < chance
    return confidence.ravel(), right.ravel(), np.repeat(np.arange(conversations), 16)


def test_resampling_by_hand_gives_the_same() -> None:
    rng = np.random.default_rng(0)
    first, right, groups = _drawn(9, 0.05, rng)
    first = first.round(2)  # ties
    second, right2 = rng.permutation(first), rng.permutation(right)
    boot = ConfidenceBootstrap([first, second], [right, right2], groups, draws=12, seed=3)
    errors, bins, risks = boot.calibration_error(10), boot.bin_accuracy(4), boot.risk([0.2, 0.5, 1.0])
    for d, drawn in enumerate(resample(9, 12, 3)):
        rows = np.concatenate([np.flatnonzero(groups == c) for c in drawn])
        runs = [(first[rows], right[rows]), (second[rows], right2[rows])]
        assert errors[d] == pytest.approx(np.mean([reliability_bins(p, hit, 10).error for p, hit in runs]))
        both = reliability_bins(*map(np.concatenate, zip(*runs, strict=True)), 4)
        assert bins[d] == pytest.approx(both.accuracy, nan_ok=True)
        curves = [risk_coverage_curve(p, hit).risk_at([0.2, 0.5, 1.0]) for p, hit in runs]
        assert risks[d] == pytest.approx(np.mean(curves, axis=0))


def test_the_corrected_interval_holds_the_truth_where_the_plain_one_does_not() -> None:
    rng = np.random.default_rng(0)
    for shift, at_least in ((0.0, 0.6), (0.03, 0.75), (0.1, 0.85)):
        truth = reliability_bins(*_drawn(20_000, shift, rng)[:2]).error
        held = plain = 0
        for trial in range(60):
            p, hit, groups = _drawn(85, shift, rng)
            draws = ConfidenceBootstrap(p, hit, groups, 200, trial).calibration_error()
            low, high = corrected_interval(reliability_bins(p, hit).error, draws)
            assert 0 <= low <= high
            held += low <= truth <= high
            plain += np.quantile(draws, 0.025) <= truth
        assert held / 60 >= at_least
        if shift == 0:
            assert plain == 0  # the percentile interval lies above the truth every time


def test_noise_alone_is_what_a_calibrated_model_shows() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.2, 0.9, size=500)
    noise = error_of_perfect_calibration(confidence, draws=400)
    naive = [reliability_bins(confidence, rng.random(500) < confidence).error for _ in range(400)]
    assert noise.mean() == pytest.approx(np.mean(naive), rel=0.05)
    assert error_of_perfect_calibration(np.ones(50), draws=10).max() == 0
    more = np.tile(confidence, 16)
    assert error_of_perfect_calibration(more, draws=100).mean() == pytest.approx(noise.mean() / 4, rel=0.15)


def test_wrong_input_is_an_error() -> None:
    with pytest.raises(ErckitError, match="do not match"):
        ConfidenceBootstrap([0.5, 0.6], [True, False], [0])
    with pytest.raises(ErckitError, match="no draw"):
        ConfidenceBootstrap([0.5], [True], [0], draws=0)
    with pytest.raises(ErckitError, match="coverage"):
        ConfidenceBootstrap([0.5], [True], [0], draws=5).risk([0.0])
