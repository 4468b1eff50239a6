"""Intervals of calibration error, reliability bins and risk, by resampling conversations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from erckit.errors import ErckitError
from erckit.metrics.bootstrap import resample
from erckit.metrics.reliability import bin_positions, checked_confidence
from erckit.metrics.selective import risk_coverage_curve


class ConfidenceBootstrap:
    """The same resampled conversations for every quantity that confidence gives.

    Args:
        confidence: (N,) score of the predicted label, or (S, N), one row per seed.
        right: Whether the predicted label is the gold label, same shape.
        conversation_index: (N,) whole numbers; utterances of the same conversation share one.
        draws: Resamples, at least 1.
        seed: Of the resampling.

    Raises:
        ErckitError: Nothing to resample, shapes that do not match, or a confidence outside [0, 1].
    """

    def __init__(
        self,
        confidence: ArrayLike,
        right: ArrayLike,
        conversation_index: Sequence[int] | NDArray[np.int64],
        draws: int = 2000,
        seed: int = 0,
    ) -> None:
        p = np.atleast_2d(np.asarray(confidence, dtype=np.float64))
        hit = np.atleast_2d(np.asarray(right, dtype=bool))
        checked_confidence(p.ravel(), hit.ravel())
        groups = np.asarray(conversation_index, dtype=np.int64)
        if p.shape != hit.shape or groups.shape != p.shape[1:] or draws < 1:
            raise ErckitError(
                f"confidence {p.shape}, right {hit.shape} and conversation index {groups.shape} do not match, or there "
                f"is no draw ({draws}); pass one of each per utterance and at least one draw."
            )
        self._confidence, self._right = p, hit
        _, self._place = np.unique(groups, return_inverse=True)  # (N,) in [0, C)
        self._conversations = int(self._place.max()) + 1
        drawn = resample(self._conversations, draws, seed)
        # How often each conversation occurs in each resample: (draws, C).
        self._weights = np.stack([np.bincount(row, minlength=self._conversations) for row in drawn]).astype(np.float64)

    def calibration_error(self, bins: int = 15) -> NDArray[np.float64]:
        """(draws,) expected calibration error over equal-width bins, the mean over seeds."""
        total = self._weights @ np.bincount(self._place, minlength=self._conversations)  # (draws,)
        errors = np.zeros(len(self._weights))
        for p, hit in zip(self._confidence, self._right, strict=True):
            place, *_ = bin_positions(p, bins)
            errors += np.abs(self._weights @ self._per_conversation(hit - p, place, bins)).sum(axis=1) / total
        return errors / len(self._confidence)

    def bin_accuracy(self, bins: int = 15, scheme: str = "width") -> NDArray[np.float64]:
        """(draws, K) accuracy in each bin of the seeds taken together; NaN where a resample leaves a bin empty."""
        runs = len(self._confidence)
        place, low, _ = bin_positions(self._confidence.ravel(), bins, scheme)
        right: NDArray[np.float64] = np.zeros((self._conversations, len(low)))
        count: NDArray[np.float64] = np.zeros_like(right)
        for one, hit in zip(place.reshape(runs, -1), self._right, strict=True):
            right += self._per_conversation(hit.astype(np.float64), one, len(low))
            count += self._per_conversation(np.ones(len(one)), one, len(low))
        with np.errstate(invalid="ignore"):
            return np.asarray((self._weights @ right) / (self._weights @ count), dtype=np.float64)

    def risk(self, coverages: ArrayLike) -> NDArray[np.float64]:
        """(draws, K) risk at each of K coverages in (0, 1], the mean over seeds."""
        wanted = np.asarray(coverages, dtype=np.float64)
        risks = np.zeros((len(self._weights), len(wanted)))
        for p, hit in zip(self._confidence, self._right, strict=True):
            risk_coverage_curve(p, hit).risk_at(wanted)  # refuses coverages out of range
            order = np.argsort(-p, kind="stable")
            ends = np.flatnonzero(np.append(np.diff(p[order]) != 0, True))  # last of each run of equal confidences
            place, wrong = self._place[order], ~hit[order]
            for d, weights in enumerate(self._weights):
                weight = weights[place]
                kept = np.concatenate([[0.0], np.cumsum(weight)[ends]])
                errors = np.concatenate([[0.0], np.cumsum(weight * wrong)[ends]])
                share = wanted * kept[-1]
                risks[d] += np.interp(share, kept, errors) / share
        return risks / len(self._confidence)

    def _per_conversation(
        self, values: NDArray[np.float64], place: NDArray[np.int64], bins: int
    ) -> NDArray[np.float64]:
        """Sums (C, bins) of values (N,) by conversation and bin."""
        flat = np.bincount(self._place * bins + place, weights=values, minlength=self._conversations * bins)
        return np.asarray(flat.reshape(self._conversations, bins), dtype=np.float64)


def corrected_interval(value: float, draws: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Bootstrap interval of a quantity that noise can only raise, such as a calibration error.

    Noise in the bins pushes the estimate up, and resampling pushes it up once more, so the percentile interval sits
    too high and often leaves out the estimate itself. The basic interval takes that shift back: its bounds are
    ``2 * value - quantile``, not below 0. It may lie below the estimate; then much of the estimate is noise.

    Args:
        value: The estimate.
        draws: (D,) the same quantity on each resample.
        level: Coverage in (0, 1).

    Returns:
        Lower and upper bound, at least 0.

    Source: Davison & Hinkley 1997, Bootstrap Methods and their Application, section 5.2.1 (basic bootstrap limits).
    """
    low, high = np.quantile(np.asarray(draws, dtype=np.float64), [(1 - level) / 2, (1 + level) / 2])
    return max(0.0, float(2 * value - high)), max(0.0, float(2 * value - low))


def error_of_perfect_calibration(
    confidence: ArrayLike, bins: int = 15, draws: int = 2000, seed: int = 0
) -> NDArray[np.float64]:
    """Expected calibration errors that a perfectly calibrated model would show on as many utterances.

    Each utterance is right with a chance equal to its confidence, independently of the others; what is then measured
    is noise alone. An error no higher than these does not show that the model is miscalibrated.

    Args:
        confidence: (N,) score of the predicted label, in [0, 1].
        bins: Equal-width bins.
        draws: How often to draw.
        seed: Of the drawing.

    Returns:
        (draws,) errors in [0, 1].

    Source: Bröcker & Smith 2007, Increasing the Reliability of Reliability Diagrams (consistency resampling).
    """
    p = np.asarray(confidence, dtype=np.float64)
    checked_confidence(p, np.ones(p.shape, dtype=bool))
    place, *_ = bin_positions(p, bins)
    rng = np.random.default_rng(seed)
    errors = np.empty(draws)
    for d in range(draws):
        gap = np.bincount(place, weights=(rng.random(len(p)) < p) - p, minlength=bins)
        errors[d] = np.abs(gap).sum() / len(p)
    return errors
