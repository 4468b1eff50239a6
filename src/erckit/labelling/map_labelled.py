"""Predictions in the labels of another label set."""

from __future__ import annotations

from collections.abc import Sequence

from erckit.conversation import LabelledConversation, Prediction
from erckit.label_mapping import LabelMapping


def map_labelled(
    labelled: Sequence[LabelledConversation],
    mapping: LabelMapping,
    keep: Sequence[str] | None = None,
    min_confidence: float | None = None,
    is_named: bool = False,
) -> list[LabelledConversation]:
    """The same conversations with mapped predictions.

    The label is the one whose summed score is highest, which need not be what the model's top label becomes: two
    labels that merge may together outweigh it. See ``is_named`` for labels that were not scored.

    Args:
        labelled: Predictions in the mapping's source labels.
        mapping: From the model's labels.
        keep: Target labels to score, None for all that the model reaches; scores sum to 1 over them.
        min_confidence: Least mapped score of the top label, in [0, 1]; below it the label is None.
        is_named: Labels were named in generated answers, not scored: no label, or one without a counterpart, becomes
            no label, with all scores 0, instead of being shared out.

    Returns:
        Scores stay calibrated only where nothing is taken out: adding up leaves a calibrated score calibrated,
        dividing by what is left does not.
    """
    kept = tuple(mapping.reachable if keep is None else keep)
    lossless = mapping.is_lossless(kept)
    return [
        LabelledConversation(
            one.conversation,
            tuple(
                _map_prediction(prediction, mapping, kept, lossless, min_confidence, is_named)
                for prediction in one.predictions
            ),
        )
        for one in labelled
    ]


def _map_prediction(
    prediction: Prediction,
    mapping: LabelMapping,
    keep: Sequence[str],
    lossless: bool,
    min_confidence: float | None,
    is_named: bool,
) -> Prediction:
    if is_named and (prediction.label is None or mapping.pairs[prediction.label] not in keep):
        reason = prediction.reason or f"{prediction.label} has no counterpart"
        return Prediction(prediction.utterance_id, None, dict.fromkeys(keep, 0.0), False, reason, prediction.causal)
    scores = mapping.map_scores(prediction.scores, keep)
    best = max(keep, key=lambda label: scores[label])
    is_sure = min_confidence is None or scores[best] >= min_confidence
    reason = "" if is_sure else f"confidence {scores[best]:.2f} below {min_confidence:.2f}"
    is_calibrated = prediction.calibrated and lossless
    label = best if is_sure else None
    return Prediction(prediction.utterance_id, label, scores, is_calibrated, reason, prediction.causal)
