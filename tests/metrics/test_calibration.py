"""Temperature and calibration error against known truths and naive loops."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from erckit.errors import ErckitError
from erckit.metrics import expected_calibration_error, fit_temperature


def _drawn(temperature: float, n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose truth is softmax(logits / temperature), and gold labels drawn from it."""
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=3, size=(n, 5))
    truth = softmax(logits / temperature, axis=1).cumsum(axis=1)
    gold = (rng.random((n, 1)) > truth).sum(axis=1).clip(max=4)
    return logits, gold


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_recovers_the_temperature_that_made_the_labels(temperature: float) -> None:
    logits, gold = _drawn(temperature)
    assert fit_temperature(logits, gold) == pytest.approx(temperature, rel=0.05)


def test_is_the_minimum_of_a_grid() -> None:
    logits, gold = _drawn(1.7, n=400)
    grid = np.linspace(0.1, 6, 600)
    losses = [-log_softmax(logits / t, axis=1)[np.arange(400), gold].mean() for t in grid]
    assert fit_temperature(logits, gold) == pytest.approx(grid[int(np.argmin(losses))], abs=0.02)


def test_calibration_lowers_the_error() -> None:
    logits, gold = _drawn(2.5)
    before = expected_calibration_error(softmax(logits, axis=1), gold)
    after = expected_calibration_error(softmax(logits / fit_temperature(logits, gold), axis=1), gold)
    assert before > 0.1
    assert after < 0.02


def test_extreme_logits_stay_in_bounds() -> None:
    assert 0.05 <= fit_temperature(np.eye(3), [0, 1, 2]) < 0.1  # always right, so ever surer
    assert 0.05 <= fit_temperature(np.eye(3) * 1e6, [0, 1, 2]) <= 20
    assert fit_temperature(np.eye(3) * 1e6, [1, 2, 0]) == pytest.approx(20, rel=0.01)


def test_utterances_without_gold_are_left_out() -> None:
    logits, gold = _drawn(2.0, n=300)
    extra = np.concatenate([logits, np.full((5, 5), np.nan)])
    assert fit_temperature(extra, np.concatenate([gold, [-100] * 5])) == fit_temperature(logits, gold)


def test_error_equals_a_naive_loop() -> None:
    rng = np.random.default_rng(1)
    scores = rng.dirichlet(np.ones(4), size=500)
    scores[:3] = [[0.4, 0.3, 0.2, 0.1], [1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]]  # bin edges
    gold = rng.integers(0, 4, size=500)
    total = 0.0
    for b in range(10):
        rows = [i for i in range(500) if b / 10 < scores[i].max() <= (b + 1) / 10]
        if rows:
            accuracy = np.mean([scores[i].argmax() == gold[i] for i in rows])
            total += len(rows) / 500 * abs(accuracy - np.mean([scores[i].max() for i in rows]))
    assert expected_calibration_error(scores, gold, bins=10) == pytest.approx(total, abs=1e-12)


def test_sure_and_right_is_zero_sure_and_wrong_is_one() -> None:
    assert expected_calibration_error(np.eye(3), [0, 1, 2]) == 0
    assert expected_calibration_error(np.eye(3), [1, 2, 0]) == 1


def test_wrong_input_is_an_error() -> None:
    with pytest.raises(ErckitError, match="do not match"):
        fit_temperature([[1.0, 2.0]], [0, 1])
    with pytest.raises(ErckitError, match="no gold label"):
        fit_temperature([[1.0, 2.0]], [-100])
    with pytest.raises(ErckitError, match="not finite"):
        fit_temperature([[1.0, float("inf")]], [0])
    with pytest.raises(ErckitError, match="outside"):
        fit_temperature([[1.0, 2.0]], [2])
    with pytest.raises(ErckitError, match="bins"):
        expected_calibration_error([[1.0, 0.0]], [0], bins=0)
