"""From logits to predictions: scores, and a label or the reason why there is none."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation, LabelledConversation, Prediction
from erckit.errors import SettingError
from erckit.labels import LabelSet
from erckit.readers import read_conversations


def scored_predictions(
    ids: Sequence[str],
    logits: NDArray[np.floating[Any]],
    label_set: LabelSet,
    temperature: float | None,
    min_confidence: float | None = None,
    causal: bool = True,
) -> list[Prediction]:
    """Predictions of R utterances.

    Args:
        ids: Of the utterances.
        logits: Before calibration, (R, L).
        label_set: L labels in the order of the logits.
        temperature: What logits are divided by; None when scores are not calibrated.
        min_confidence: Least score of the top label, in [0, 1]; below it the label is None.
        causal: Whether no prediction depends on a later utterance.
    """
    scaled = logits.astype(np.float64) / (temperature or 1.0)
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    scores = powers / powers.sum(axis=1, keepdims=True)  # (R, L)
    predictions = []
    for utterance_id, row in zip(ids, scores, strict=True):
        best = int(row.argmax())
        named = {label: float(score) for label, score in zip(label_set.labels, row, strict=True)}
        is_sure = min_confidence is None or row[best] >= min_confidence
        reason = "" if is_sure else f"confidence {row[best]:.2f} below {min_confidence:.2f}"
        label = label_set.labels[best] if is_sure else None
        predictions.append(Prediction(utterance_id, label, named, temperature is not None, reason, causal))
    return predictions


def labelled_conversations(
    conversations: Sequence[Conversation],
    logits: Sequence[NDArray[np.floating[Any]]],
    label_set: LabelSet,
    temperature: float | None,
    min_confidence: float | None = None,
    causal: bool = True,
) -> list[LabelledConversation]:
    """Conversations with their predictions, from one array (U, L) for each; arguments as above."""
    labelled = []
    for conversation, rows in zip(conversations, logits, strict=True):
        ids = [utterance.id for utterance in conversation.utterances]
        predictions = scored_predictions(ids, rows, label_set, temperature, min_confidence, causal)
        labelled.append(LabelledConversation(conversation, tuple(predictions)))
    return labelled


def check_confidence(min_confidence: float | None) -> None:
    """Refuse a least confidence that is no probability.

    Raises:
        SettingError: Not in [0, 1].
    """
    if min_confidence is not None and not 0 <= min_confidence <= 1:
        raise SettingError(f"the least confidence must be between 0 and 1, got {min_confidence}.")


def given_conversations(given: Sequence[Conversation] | Conversation | str | Path) -> Sequence[Conversation]:
    """Conversations as given, one conversation, or those of a file.

    Conversations of the file that cannot be read are left out with a warning.

    Raises:
        FormatError: A file that cannot be read.
    """
    if isinstance(given, Conversation):
        return [given]
    if isinstance(given, str | Path):
        found = read_conversations(given)
        if found.skipped:
            warnings.warn(f"{given}: {found.line()}; the first: {found.skipped[0].reason}", stacklevel=3)
        return found.conversations
    return given
