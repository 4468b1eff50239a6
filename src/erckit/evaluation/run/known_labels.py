"""Scores among the labels that an utterance's own corpus has, where it comes out of a mixture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from erckit.conversation import LabelledConversation, Prediction
from erckit.corpora.mixture import KNOWN_LABELS
from erckit.label_mapping import LabelMapping
from erckit.labels import LabelSet


def among_known_labels(
    labelled: Sequence[LabelledConversation], label_set: LabelSet, stays_calibrated: bool = False
) -> list[LabelledConversation]:
    """Predictions without the labels that a conversation's corpus does not have (``meta["known_labels"]``).

    What the corpus can say is knowledge of its label set, not of gold labels: a model is scored on it alone in the
    same way, on the labels that both reach. Training bars the same labels where it scores dev and fits the temperature.

    Args:
        labelled: Predictions with scores of all labels.
        label_set: The labels that are scored.
        stays_calibrated: Whether the temperature was fitted among these labels.

    Returns:
        Scores of the other labels are 0, the rest is divided by its sum.
    """
    return [_among(one, label_set, stays_calibrated) for one in labelled]


def _among(one: LabelledConversation, label_set: LabelSet, stays_calibrated: bool) -> LabelledConversation:
    has = one.conversation.meta.get(KNOWN_LABELS, label_set.labels)
    known = [label for label in label_set.labels if label in has]
    if len(known) in (0, len(label_set)):  # without any, no gold label of it is scored
        return one
    every = LabelMapping.identity("", label_set)

    def barred(prediction: Prediction) -> Prediction:
        kept = every.map_scores(prediction.scores, known)
        scores = {label: kept.get(label, 0.0) for label in label_set.labels}
        best = max(known, key=lambda label: kept[label])
        return replace(prediction, label=best, scores=scores, calibrated=prediction.calibrated and stays_calibrated)

    return LabelledConversation(one.conversation, tuple(map(barred, one.predictions)))
