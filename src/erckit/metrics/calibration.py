"""Temperature scaling, and how far scores are from the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from erckit.errors import ErckitError

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

    z, y = _with_gold(logits, gold)
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
    if bins < 1:
        raise ErckitError(f"bins must be at least 1, got {bins}; 15 is usual.")
    p, y = _with_gold(scores, gold)
    confidence = p.max(axis=1)  # (N,)
    right = p.argmax(axis=1) == y  # (N,)
    # Bin b holds confidences in (b / bins, (b + 1) / bins].
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = np.bincount(place, weights=right - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(y))


def _with_gold(scores: ArrayLike, gold: Sequence[int] | NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
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
