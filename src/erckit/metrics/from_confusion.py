"""Metrics computed from many confusion matrices at once, for resampling."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from erckit.errors import SettingError, nearest
from erckit.plugins import METRICS as GROUP
from erckit.plugins import load_part, plugged_in

METRICS = ("weighted_f1", "macro_f1", "macro_f1_no_neutral", "micro_f1_no_neutral", "accuracy", "mcc")
"""Every scalar metric of erckit's own by its exact name, in the order in which results print them."""

NO_LABEL = -1
"""As a prediction: an answer that names no label. It is never right, and counts among the predictions of no label."""


def metric_names() -> tuple[str, ...]:
    """Every scalar metric: :data:`METRICS`, then those of other packages."""
    return (*METRICS, *plugged_in(GROUP, dict.fromkeys(METRICS)))


def metric_from_confusion(confusion: NDArray[Any], metric: str, neutral: int | None = None) -> NDArray[np.float64]:
    """One metric of each of many confusion matrices.

    The same numbers as scikit-learn with ``labels=`` all L labels and ``zero_division=0``; the point of this
    function is speed, thousands of matrices in one call.

    Args:
        confusion: (..., L, L) counts; rows are gold labels, columns predicted ones. Or (..., L, L + 1), where the last
            column counts predictions that name no label.
        metric: A name of :func:`metric_names`.
        neutral: Position of the neutral label, left out by the "no_neutral" metrics; None leaves none out.

    Returns:
        (...) scores, in [0, 1] ([-1, 1] for mcc).

    Raises:
        SettingError: Unknown metric.
    """
    counts = np.asarray(confusion, dtype=np.float64)
    if metric not in METRICS:
        return _of_another_package(counts, metric, neutral)
    hits = np.diagonal(counts, axis1=-2, axis2=-1)  # (..., L)
    gold = counts.sum(axis=-1)  # (..., L)
    answered = counts.sum(axis=-2)  # (..., L) or (..., L + 1)
    predicted = answered[..., : counts.shape[-2]]  # (..., L)
    total = gold.sum(axis=-1)  # (...)
    if metric == "accuracy":
        return _ratio(hits.sum(axis=-1), total)
    if metric == "mcc":
        covariance = hits.sum(axis=-1) * total - (gold * predicted).sum(axis=-1)
        spread = (total**2 - (answered**2).sum(axis=-1)) * (total**2 - (gold**2).sum(axis=-1))
        return _ratio(covariance, np.sqrt(spread))
    keep = np.ones(counts.shape[-2], dtype=bool)
    if neutral is not None and metric.endswith("no_neutral"):
        keep[neutral] = False
    if metric == "micro_f1_no_neutral":
        return _ratio(2 * hits[..., keep].sum(axis=-1), (gold + predicted)[..., keep].sum(axis=-1))
    f1 = _ratio(2 * hits, gold + predicted)  # (..., L)
    if metric == "weighted_f1":
        return _ratio((f1 * gold).sum(axis=-1), total)
    return np.asarray(f1[..., keep].mean(axis=-1), dtype=np.float64)


def _of_another_package(counts: NDArray[np.float64], metric: str, neutral: int | None) -> NDArray[np.float64]:
    """A metric that an installed package brings: its function gets what :func:`metric_from_confusion` gets."""
    others = plugged_in(GROUP, dict.fromkeys(METRICS))
    if metric not in others:
        raise SettingError(f"unknown metric '{metric}'. {nearest(metric, (*METRICS, *others))}")
    scores = np.asarray(load_part(GROUP, metric, others[metric])(counts, neutral), dtype=np.float64)
    if scores.shape != counts.shape[:-2]:
        raise SettingError(
            f"metric '{metric}' gave scores of shape {scores.shape} for matrices of shape {counts.shape}; "
            f"it must give one per matrix, {counts.shape[:-2]}."
        )
    return scores


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quotient that is 0 where nothing is below, as ``zero_division=0``."""
    above, below = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
