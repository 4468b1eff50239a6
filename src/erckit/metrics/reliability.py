"""Confidence against accuracy, bin by bin: what a reliability diagram shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from erckit.errors import ErckitError, SettingError, nearest

SCHEMES = ("width", "count")


@dataclass(frozen=True, slots=True, eq=False)
class ReliabilityBins:
    """Utterances grouped by confidence.

    Args:
        low: (K,) lower bound of each bin in [0, 1].
        high: (K,) upper bound of each bin in [0, 1].
        counts: (K,) utterances in the bin.
        confidence: (K,) their mean confidence; NaN for an empty bin.
        accuracy: (K,) their share of right labels; NaN for an empty bin.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def error(self) -> float:
        """Mean distance between confidence and accuracy, in [0, 1]: the expected calibration error of these bins."""
        filled = self.counts > 0
        gap = np.abs(self.accuracy[filled] - self.confidence[filled])
        return float((self.counts[filled] * gap).sum() / self.counts.sum())


def reliability_bins(confidence: ArrayLike, right: ArrayLike, bins: int = 15, scheme: str = "width") -> ReliabilityBins:
    """Group utterances by confidence and compare with how often they are right.

    Args:
        confidence: (N,) score of the predicted label, in [0, 1].
        right: (N,) whether the predicted label is the gold label.
        bins: Number of bins, at least 1.
        scheme: ``width``: bin b holds confidences in (b / bins, (b + 1) / bins], empty bins are kept. ``count``: every
            bin holds about the same number of utterances; equal confidences are never parted, so bins can differ in
            size, and a bin that would be empty is left out.

    Returns:
        The bins in rising order of confidence.

    Raises:
        ErckitError: No utterance, shapes that do not match, a confidence outside [0, 1], fewer than one bin.
        SettingError: Unknown scheme.

    Source: equal width: Guo et al. 2017, section 2. Equal count: Nguyen & O'Connor 2015, section 2.
    """
    p, hit = checked_confidence(confidence, right)
    place, low, high = bin_positions(p, bins, scheme)
    counts = np.bincount(place, minlength=len(low))
    with np.errstate(invalid="ignore"):
        mean = np.bincount(place, weights=p, minlength=len(low)) / counts
        accuracy = np.bincount(place, weights=hit, minlength=len(low)) / counts
    return ReliabilityBins(low, high, counts, mean, accuracy)


def bin_positions(
    confidence: NDArray[np.float64], bins: int, scheme: str = "width"
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Bin of every utterance (N,), and the lower and upper bounds of the bins (K,); as :func:`reliability_bins`."""
    if bins < 1:
        raise ErckitError(f"bins must be at least 1, got {bins}; 15 is usual.")
    if scheme not in SCHEMES:
        raise SettingError(f"unknown scheme of bins '{scheme}'. {nearest(scheme, SCHEMES)}")
    if scheme == "width":
        edges = np.arange(bins + 1) / bins
        place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
        return place, edges[:-1], edges[1:]
    values, group, size = np.unique(confidence, return_inverse=True, return_counts=True)
    # A group of equal confidences goes where its middle rank belongs.
    middle = np.cumsum(size) - size / 2  # (G,) in (0, N)
    wanted = np.minimum((middle * bins / len(confidence)).astype(np.int64), bins - 1)
    used, place_of_group = np.unique(wanted, return_inverse=True)
    first = np.searchsorted(wanted, used)
    last = np.searchsorted(wanted, used, side="right") - 1
    return place_of_group[group].astype(np.int64), values[first], values[last]


def checked_confidence(confidence: ArrayLike, right: ArrayLike) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Both as arrays (N,) of at least one utterance.

    Raises:
        ErckitError: No utterance, shapes that do not match, or a confidence outside [0, 1].
    """
    p, hit = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=bool)
    if p.ndim != 1 or p.shape != hit.shape:
        raise ErckitError(f"confidence {p.shape} and right {hit.shape} do not match; pass one of each per utterance.")
    if p.size == 0:
        raise ErckitError("there is no utterance; pass the confidence of at least one.")
    # Softmax rows may exceed 1 by rounding.
    if not ((p >= 0) & (p <= 1 + 1e-6)).all():
        raise ErckitError("confidence must lie between 0 and 1; pass scores after the softmax, not logits.")
    return p, hit
