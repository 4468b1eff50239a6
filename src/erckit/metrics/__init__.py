"""Scores, calibration and confidence intervals; scikit-learn and numpy, no torch."""

from __future__ import annotations

from erckit.metrics.approximate_randomisation import approximate_randomisation
from erckit.metrics.bootstrap import bootstrap_interval, bootstrap_scores
from erckit.metrics.calibration import expected_calibration_error, fit_temperature, undo_temperature
from erckit.metrics.classification import ClassificationScores, ClassScores, classification_report
from erckit.metrics.from_confusion import METRICS, NO_LABEL, metric_from_confusion, metric_names
from erckit.metrics.holm import holm
from erckit.metrics.letter_groups import letter_groups
from erckit.metrics.paired_bootstrap import PairedBootstrap, paired_bootstrap
from erckit.metrics.power import smallest_difference
from erckit.metrics.reliability import ReliabilityBins, reliability_bins
from erckit.metrics.scoring_rules import brier_score, negative_log_likelihood
from erckit.metrics.selective import (
    OperatingPoint,
    RiskCoverageCurve,
    area_under_risk_coverage,
    coverage_at_accuracy,
    risk_coverage_curve,
)

__all__ = [
    "METRICS",
    "NO_LABEL",
    "ClassScores",
    "ClassificationScores",
    "OperatingPoint",
    "PairedBootstrap",
    "ReliabilityBins",
    "RiskCoverageCurve",
    "approximate_randomisation",
    "area_under_risk_coverage",
    "bootstrap_interval",
    "bootstrap_scores",
    "brier_score",
    "classification_report",
    "coverage_at_accuracy",
    "expected_calibration_error",
    "fit_temperature",
    "holm",
    "letter_groups",
    "metric_from_confusion",
    "metric_names",
    "negative_log_likelihood",
    "paired_bootstrap",
    "reliability_bins",
    "risk_coverage_curve",
    "smallest_difference",
    "undo_temperature",
]
