"""What a result says of its scores as probabilities, with and without temperature scaling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from erckit.evaluation.results.result import PredictionRow
    from erckit.labels import LabelSet

CONFIDENCE_METRICS = ("expected_calibration_error", "brier_score", "negative_log_likelihood")
"""Metrics of the scores; each stands beside one with the ending "_uncalibrated" where a temperature was undone."""


def confidence_metrics(
    rows: Sequence[PredictionRow], uncalibrated: Sequence[PredictionRow] | None, label_set: LabelSet
) -> dict[str, float]:
    """Calibration error, Brier score and negative log-likelihood, and the area under the risk-coverage curve.

    Args:
        rows: Scored utterances with their scores as the model gives them, not rounded.
        uncalibrated: The same utterances with scores before temperature scaling, or None where there was none.
        label_set: The labels.

    Returns:
        The names of ``CONFIDENCE_METRICS``; the same with the ending "_uncalibrated" when ``uncalibrated`` is given;
        and "aurc". A temperature keeps the order of the labels of one utterance, so accuracy and F1 have no such twin.
    """
    from erckit.metrics import area_under_risk_coverage

    found = _scored(rows, label_set, "")
    if uncalibrated is not None:
        found |= _scored(uncalibrated, label_set, "_uncalibrated")
    confidence = [max(row.scores.values()) for row in rows]
    found["aurc"] = area_under_risk_coverage(confidence, [row.label == row.gold for row in rows])
    return found


def _scored(rows: Sequence[PredictionRow], label_set: LabelSet, ending: str) -> dict[str, float]:
    from erckit.metrics import brier_score, expected_calibration_error, negative_log_likelihood

    gold = [label_set.index(row.gold) for row in rows]
    scores = [[row.scores[label] for label in label_set.labels] for row in rows]
    measures = (expected_calibration_error, brier_score, negative_log_likelihood)
    return {f"{name}{ending}": f(scores, gold) for name, f in zip(CONFIDENCE_METRICS, measures, strict=True)}
