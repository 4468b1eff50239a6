"""Selective prediction: how accurate a model is on the utterances it is most sure of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from erckit.errors import ErckitError
from erckit.metrics.reliability import checked_confidence


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a least confidence gives.

    Args:
        coverage: Share of utterances that keep their label, in (0, 1].
        threshold: Least confidence: a label with this confidence or more is kept.
        accuracy: Share of right labels among those kept.
        utterances: How many are kept.
    """

    coverage: float
    threshold: float
    accuracy: float
    utterances: int


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverageCurve:
    """Risk (share of wrong labels) among the most confident utterances, for every share of utterances.

    One entry per distinct confidence, since no threshold can part utterances of equal confidence.

    Args:
        thresholds: (G,) distinct confidences, falling.
        kept: (G,) utterances with at least that confidence.
        errors: (G,) wrong labels among them.
    """

    thresholds: NDArray[np.float64]
    kept: NDArray[np.int64]
    errors: NDArray[np.int64]

    @property
    def coverage(self) -> NDArray[np.float64]:
        """(G,) share of utterances kept, in (0, 1], rising."""
        return np.asarray(self.kept / self.kept[-1], dtype=np.float64)

    @property
    def risk(self) -> NDArray[np.float64]:
        """(G,) share of wrong labels among those kept."""
        return np.asarray(self.errors / self.kept, dtype=np.float64)

    @property
    def area(self) -> float:
        """Area under the curve: the mean of the risk at coverages 1/N, 2/N, ..., 1; lower is better."""
        total = int(self.kept[-1])
        return float(self.risk_at(np.arange(1, total + 1) / total).mean())

    def risk_at(self, coverage: ArrayLike) -> NDArray[np.float64]:
        """Risk at any coverage in (0, 1].

        Between two thresholds, the value is what a random order among utterances of equal confidence gives on
        average, so it never depends on the order of the input.

        Raises:
            ErckitError: A coverage outside (0, 1].
        """
        wanted = np.asarray(coverage, dtype=np.float64)
        if not ((wanted > 0) & (wanted <= 1)).all():
            raise ErckitError("coverage must be above 0 and at most 1; 1 keeps every utterance.")
        kept = wanted * self.kept[-1]
        errors = np.interp(kept, np.concatenate([[0], self.kept]), np.concatenate([[0], self.errors]))
        return np.asarray(errors / kept, dtype=np.float64)

    def threshold_at(self, coverage: float) -> float:
        """Highest threshold that keeps at least this share of utterances."""
        place = int(np.searchsorted(self.kept, coverage * self.kept[-1] - 1e-9))
        return float(self.thresholds[min(place, len(self.thresholds) - 1)])

    def point_at_accuracy(self, level: float) -> OperatingPoint | None:
        """The largest coverage at which accuracy is at least ``level``; None when no threshold gives it.

        Accuracy may fall below the level at a smaller coverage and reach it again; the largest coverage counts.

        Raises:
            ErckitError: A level outside [0, 1].
        """
        if not 0 <= level <= 1:
            raise ErckitError(f"the wanted accuracy must lie between 0 and 1, got {level}; 0.6 means 60 %.")
        right = self.kept - self.errors
        # A billionth of slack: 0.6 of 5 utterances is 3, not a little more.
        enough = np.flatnonzero(right >= level * self.kept - 1e-9 * self.kept)
        if enough.size == 0:
            return None
        g = int(enough[-1])
        kept = int(self.kept[g])
        return OperatingPoint(
            coverage=kept / int(self.kept[-1]),
            threshold=float(self.thresholds[g]),
            accuracy=int(right[g]) / kept,
            utterances=kept,
        )


def risk_coverage_curve(confidence: ArrayLike, right: ArrayLike) -> RiskCoverageCurve:
    """Risk of keeping only the most confident utterances.

    Args:
        confidence: (N,) score of the predicted label, in [0, 1].
        right: (N,) whether the predicted label is the gold label.

    Returns:
        The curve.

    Raises:
        ErckitError: No utterance, shapes that do not match, or a confidence outside [0, 1].

    Source: El-Yaniv & Wiener 2010, On the Foundations of Noise-free Selective Classification, section 2; area:
        Geifman, Uziel & El-Yaniv 2019, Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers, section 3.
    Deviations: utterances of equal confidence are kept or dropped together; the papers leave ties to the sort.
    """
    p, hit = checked_confidence(confidence, right)
    values, group = np.unique(p, return_inverse=True)  # rising
    size = np.bincount(group, minlength=len(values))
    wrong = np.bincount(group[~hit], minlength=len(values))
    return RiskCoverageCurve(values[::-1], np.cumsum(size[::-1]), np.cumsum(wrong[::-1]))


def area_under_risk_coverage(confidence: ArrayLike, right: ArrayLike) -> float:
    """Mean risk over all coverages (AURC), in [0, 1], lower is better; arguments as :func:`risk_coverage_curve`.

    A confidence that says nothing gets 1 - accuracy. Systems of different accuracy differ in it for that reason alone.
    """
    return risk_coverage_curve(confidence, right).area


def coverage_at_accuracy(confidence: ArrayLike, right: ArrayLike, level: float) -> OperatingPoint | None:
    """Largest share of utterances, most confident first, on which accuracy is at least ``level``.

    Args:
        confidence: (N,) score of the predicted label, in [0, 1].
        right: (N,) whether the predicted label is the gold label.
        level: Wanted accuracy in [0, 1].

    Returns:
        Coverage with the threshold that gives it; None when no threshold reaches the level.

    Raises:
        ErckitError: As :func:`risk_coverage_curve`, or a level outside [0, 1].
    """
    return risk_coverage_curve(confidence, right).point_at_accuracy(level)
