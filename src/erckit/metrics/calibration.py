"""Temperature scaling, and how far scores are from the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from erckit.errors import ErckitError
from erckit.metrics.reliability import reliability_bins

_COLDEST, _HOTTEST = 0.05, 20.0


def fit_temperature(logits: ArrayLike, gold: Sequence[int] | NDArray[Any]) -> float:
    """Temperature that makes ``softmax(logits / temperature)`` most likely on held-out gold labels.

    Args:
        logits: (N, L) uncalibrated scores of the dev split, any real numbers.
        gold: (N,) label positions; utterances with a negative one (no gold label) are left out.

    Returns:
        Temperature in [0.05, 20]; above 1 the model was too sure of itself.

    Raises:
        ErckitError: No gold label, shapes that do not match, or logits that are not finite.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, section 4.2.
    Deviations: the search is bounded, so a model that is always right still gets a usable temperature.
    """
    from scipy.optimize import minimize_scalar

    z, y = with_gold(logits, gold)
    rows = np.arange(len(y))
    # The loss is convex in 1 / temperature, so it has one minimum over the logarithm too.
    z = z - z.max(axis=1, keepdims=True)  # (N, L), which changes no score and keeps exp from overflowing

    def loss(log_temperature: float) -> float:
        scaled = z / math.exp(log_temperature)
        return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[rows, y]))

    found = minimize_scalar(
        loss, bounds=(math.log(_COLDEST), math.log(_HOTTEST)), method="bounded", options={"xatol": 1e-6}
    )
    return float(math.exp(found.x))


def expected_calibration_error(scores: ArrayLike, gold: Sequence[int] | NDArray[Any], bins: int = 15) -> float:
    """Mean distance between confidence and accuracy, over equal-width bins of confidence.

    Args:
        scores: (N, L) scores, each in [0, 1]; the highest of a row is its confidence.
        gold: (N,) label positions; utterances with a negative one (no gold label) are left out.
        bins: Number of bins of (0, 1].

    Returns:
        Error in [0, 1]; 0 is perfect.

    Raises:
        ErckitError: No gold label, shapes that do not match, scores that are not finite, or fewer than one bin.

    Source: Guo et al. 2017, section 2, equation 3.
    """
    p, y = with_gold(scores, gold)
    return reliability_bins(p.max(axis=1), p.argmax(axis=1) == y, bins).error


def undo_temperature(scores: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Scores as they were before temperature scaling.

    Scaled scores are ``softmax(logits / temperature)``, so ``softmax(temperature * ln(scores))`` is ``softmax(logits)``
    whatever constant the logits were shifted by.

    Args:
        scores: (N, L) scores after scaling, each in [0, 1]; rows need not sum to exactly 1. A score of 0 stays 0.
        temperature: What the logits were divided by, above 0.

    Returns:
        (N, L) scores before scaling, rows summing to 1. Exact for exact scores. For scores rounded to 4 decimals (a
        result file) the highest score of a row is off by less than ``temperature * 2e-4``, or with a temperature
        below 1 by about 0.001, because scores that were rounded to 0 are lost.

    Raises:
        ErckitError: A temperature that is not above 0, or a row without a positive score.
    """
    if not 0 < temperature < math.inf:
        raise ErckitError(f"the temperature must be above 0, got {temperature}.")
    p = np.asarray(scores, dtype=np.float64)
    if p.ndim != 2 or not np.isfinite(p).all() or (p < 0).any() or not (p.max(axis=1, initial=0) > 0).all():
        raise ErckitError("scores must be rows of numbers in [0, 1] with at least one above 0 in each.")
    powers = (p / p.max(axis=1, keepdims=True)) ** temperature
    result: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return result


def with_gold(scores: ArrayLike, gold: Sequence[int] | NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Rows (N', L) of the utterances that have a gold label, and their label positions (N',).

    Raises:
        ErckitError: No gold label, shapes that do not match, or values that are not finite.
    """
    values, labels = np.asarray(scores, dtype=np.float64), np.asarray(gold, dtype=np.int64)
    if values.ndim != 2 or labels.shape != values.shape[:1]:
        raise ErckitError(
            f"scores {values.shape} and gold labels {labels.shape} do not match; pass one row of scores per gold label."
        )
    keep = labels >= 0
    values, labels = values[keep], labels[keep]
    if labels.size == 0:
        raise ErckitError("there is no gold label to calibrate on; use a split that has gold labels.")
    if labels.max() >= values.shape[1]:
        raise ErckitError(f"gold label {int(labels.max())} is outside the {values.shape[1]} scored labels.")
    if not np.isfinite(values).all():
        raise ErckitError("scores hold values that are not finite; check that the training did not diverge.")
    return values, labels
