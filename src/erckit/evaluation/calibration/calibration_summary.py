"""What the scores of a result are worth: calibration before and after scaling, and accuracy where it is most sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from erckit.errors import SettingError
from erckit.evaluation.calibration.confidence_table import ConfidenceTable, confidence_table
from erckit.evaluation.results.summary import protocol_line
from erckit.evaluation.run.confidence_metrics import CONFIDENCE_METRICS
from erckit.metrics import (
    OperatingPoint,
    RiskCoverageCurve,
    reliability_bins,
    risk_coverage_curve,
)
from erckit.metrics.confidence_bootstrap import (
    ConfidenceBootstrap,
    corrected_interval,
    error_of_perfect_calibration,
)

if TYPE_CHECKING:
    from erckit.evaluation.results.result import Result

COVERAGES = (1.0, 0.8, 0.6, 0.4, 0.2)
BINS = 15


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """Expected calibration error over 15 equal-width bins, the mean over seeds.

    Args:
        value: In [0, 1].
        interval_95: Bounds by bootstrap over conversations, the upward shift of noise taken back
            (:func:`erckit.metrics.confidence_bootstrap.corrected_interval`); None when the scores are not at hand.
        by_noise: What a perfectly calibrated model would show on as many utterances: the mean, and the value that 95 %
            of such models stay below; None when the scores are not at hand.
    """

    value: float
    interval_95: tuple[float, float] | None
    by_noise: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class BinRow:
    """One reliability bin that is not empty, all runs counted together.

    Args:
        low: Lower bound of confidence.
        high: Upper bound of confidence.
        count: Utterances in it, added up over runs.
        confidence: Their mean confidence.
        accuracy: Their share of right labels.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """Accuracy on the most confident share of utterances.

    Args:
        coverage: The share, in (0, 1].
        accuracy: Mean over runs.
        sd: Sample standard deviation over runs; None for one run.
        interval_95: Bounds by bootstrap over conversations, of the mean over runs.
        threshold: Least confidence that keeps this share, the mean over runs.
        neutral: Share of the kept utterances that are labelled neutral, mean over runs; None for a label set without
            a neutral label.
    """

    coverage: float
    accuracy: float
    sd: float | None
    interval_95: tuple[float, float]
    threshold: float
    neutral: float | None


@dataclass(frozen=True, slots=True)
class WantedAccuracy:
    """The coverage at which accuracy reaches a level.

    Args:
        accuracy: The level.
        coverage: Largest share of utterances on which accuracy is at least the level: mean over runs, a run that never
            reaches it counting as 0.
        points: One per run: coverage, threshold, accuracy and utterances; None where the run never reaches the level.
    """

    accuracy: float
    coverage: float
    points: tuple[OperatingPoint | None, ...]


@dataclass(frozen=True, slots=True)
class CalibrationSummary:
    """Calibration and selective prediction of one result.

    Args:
        protocol: What was measured on what, in one line.
        split: The split.
        system: Name of the model or recipe.
        seeds: Of the runs.
        calibrated: Whether the scores were calibrated on dev.
        temperatures: One per run; None where there was none or the file does not say.
        error: Calibration error of the scores as they are.
        error_before: The same before temperature scaling; None when there was none or the file does not say.
        other: Further metrics of the scores that the file holds, such as "brier_score" and "brier_score_uncalibrated".
        bins: Equal-width bins, the empty ones left out.
        equal_bins: Bins that hold about equally many utterances.
        aurc: Area under the risk-coverage curve, mean over runs.
        aurc_sd: Its sample standard deviation over runs; None for one run.
        coverages: Accuracy at 100, 80, 60, 40 and 20 % coverage.
        wanted: One per wanted accuracy.
    """

    protocol: str
    split: str
    system: str
    seeds: tuple[int, ...]
    calibrated: bool
    temperatures: tuple[float | None, ...]
    error: CalibrationError
    error_before: CalibrationError | None
    other: dict[str, float]
    bins: tuple[BinRow, ...]
    equal_bins: tuple[BinRow, ...]
    aurc: float
    aurc_sd: float | None
    coverages: tuple[CoverageRow, ...]
    wanted: tuple[WantedAccuracy, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Lines of text for the terminal, the protocol first."""
        from erckit.evaluation.calibration.calibration_text import calibration_lines

        return calibration_lines(self)


def summarize_calibration(
    result: Result, accuracies: Sequence[float] = (0.6, 0.7), draws: int = 2000
) -> CalibrationSummary:
    """Calibration and selective prediction of a result.

    Several seeds: errors, areas and the accuracy at a coverage are computed per run and averaged, since a threshold
    belongs to one trained model; reliability bins count all runs together, since bins of one run are thin. Every
    interval draws the same conversations for each run.

    Args:
        result: Of one run or several, with its predictions.
        accuracies: Wanted accuracies in (0, 1].
        draws: Bootstrap resamples.

    Raises:
        ResultError: The result holds no scores of single utterances.
        SettingError: A wanted accuracy outside (0, 1].
    """
    for level in accuracies:
        if not 0 < level <= 1:
            raise SettingError(f"a wanted accuracy must be above 0 and at most 1, got {level}; 0.6 means 60 %.")
    table = confidence_table(result)
    boot = ConfidenceBootstrap(table.confidence, table.right, table.conversations, draws)
    curves = [risk_coverage_curve(p, hit) for p, hit in zip(table.confidence, table.right, strict=True)]
    areas = [curve.area for curve in curves]
    stored = result.metrics
    names = [f"{name}{ending}" for name in CONFIDENCE_METRICS[1:] for ending in ("_uncalibrated", "")]
    return CalibrationSummary(
        protocol=protocol_line(result),
        split=result.protocol.split,
        system=result.system,
        seeds=result.seeds,
        calibrated=bool(stored.get("calibrated")),
        temperatures=result.temperatures,
        error=_error(table, stored.get(CONFIDENCE_METRICS[0]), boot, draws),
        error_before=_error_before(table, stored.get(f"{CONFIDENCE_METRICS[0]}_uncalibrated"), draws),
        other={name: stored[name] for name in names if name in stored},
        bins=_bins(table, "width"),
        equal_bins=_bins(table, "count"),
        aurc=float(np.mean(areas)),
        aurc_sd=_sd(areas),
        coverages=_coverage_rows(table, curves, boot),
        wanted=tuple(_wanted(curves, level) for level in accuracies),
    )


def _error(
    table: ConfidenceTable, stored: float | None, boot: ConfidenceBootstrap, draws: int, before: bool = False
) -> CalibrationError:
    confidence = table.before if before and table.before is not None else table.confidence
    errors = [reliability_bins(p, hit, BINS).error for p, hit in zip(confidence, table.right, strict=True)]
    noise = np.mean([error_of_perfect_calibration(p, BINS, min(draws, 500)) for p in confidence], axis=0)
    # The stored value comes from scores that were not rounded, so it goes before the one of this file's scores.
    value = float(np.mean(errors)) if stored is None else float(stored)
    return CalibrationError(
        value,
        corrected_interval(float(np.mean(errors)), boot.calibration_error(BINS)),
        (float(noise.mean()), float(np.quantile(noise, 0.95))),
    )


def _error_before(table: ConfidenceTable, stored: float | None, draws: int) -> CalibrationError | None:
    if table.before is None:
        return None if stored is None else CalibrationError(float(stored), None, None)
    boot = ConfidenceBootstrap(table.before, table.right, table.conversations, draws)
    return _error(table, stored, boot, draws, before=True)


def _bins(table: ConfidenceTable, scheme: str) -> tuple[BinRow, ...]:
    count = BINS if scheme == "width" else 10
    found = reliability_bins(table.confidence.ravel(), table.right.ravel(), count, scheme)
    return tuple(
        BinRow(float(low), float(high), int(n), float(p), float(hit))
        for low, high, n, p, hit in zip(
            found.low, found.high, found.counts, found.confidence, found.accuracy, strict=True
        )
        if n
    )


def _coverage_rows(
    table: ConfidenceTable, curves: Sequence[RiskCoverageCurve], boot: ConfidenceBootstrap
) -> tuple[CoverageRow, ...]:
    accuracy = np.array([1 - curve.risk_at(COVERAGES) for curve in curves])  # (S, K)
    neutral = None
    if table.neutral is not None:
        # Neutral labels take the place of wrong ones: the "risk" of that curve is their share.
        pairs = zip(table.confidence, ~table.neutral, strict=True)
        neutral = np.mean([risk_coverage_curve(p, other).risk_at(COVERAGES) for p, other in pairs], axis=0)
    low, high = 1 - np.quantile(boot.risk(COVERAGES), [0.975, 0.025], axis=0)
    return tuple(
        CoverageRow(
            coverage=coverage,
            accuracy=float(accuracy[:, k].mean()),
            sd=_sd(list(accuracy[:, k])),
            interval_95=(float(low[k]), float(high[k])),
            threshold=float(np.mean([curve.threshold_at(coverage) for curve in curves])),
            neutral=None if neutral is None else float(neutral[k]),
        )
        for k, coverage in enumerate(COVERAGES)
    )


def _wanted(curves: Sequence[RiskCoverageCurve], level: float) -> WantedAccuracy:
    points = tuple(curve.point_at_accuracy(level) for curve in curves)
    return WantedAccuracy(level, float(np.mean([p.coverage if p else 0.0 for p in points])), points)


def _sd(values: Sequence[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None
