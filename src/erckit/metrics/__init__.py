"""Scores, calibration and confidence intervals; scikit-learn and numpy, no torch."""

from __future__ import annotations

from erckit.metrics.bootstrap import bootstrap_interval, bootstrap_scores
from erckit.metrics.calibration import expected_calibration_error, fit_temperature
from erckit.metrics.classification import ClassificationScores, ClassScores, classification_report
from erckit.metrics.from_confusion import METRICS, metric_from_confusion

__all__ = [
    "METRICS",
    "ClassScores",
    "ClassificationScores",
    "bootstrap_interval",
    "bootstrap_scores",
    "classification_report",
    "expected_calibration_error",
    "fit_temperature",
    "metric_from_confusion",
]
