"""From logits to predictions: scores, and a label or the reason why there is none."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation, LabelledConversation, Prediction
from erckit.errors import SettingError
from erckit.labels import LabelSet
from erckit.readers import read_conversations

if TYPE_CHECKING:
    from erckit.models.system import About, Reading

_SHOWN = 40  # characters of an answer that is told


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
    return named_predictions(ids, scores, label_set, temperature is not None, min_confidence, causal)


def named_predictions(
    ids: Sequence[str],
    scores: NDArray[np.float64],
    label_set: LabelSet,
    is_calibrated: bool,
    min_confidence: float | None = None,
    causal: bool = True,
) -> list[Prediction]:
    """Predictions of R utterances from their scores, (R, L); of equals, the first label."""
    predictions = []
    for utterance_id, row in zip(ids, scores, strict=True):
        best = int(row.argmax())
        named = {label: float(score) for label, score in zip(label_set.labels, row, strict=True)}
        is_sure = min_confidence is None or row[best] >= min_confidence
        reason = "" if is_sure else f"confidence {row[best]:.2f} below {min_confidence:.2f}"
        label = label_set.labels[best] if is_sure else None
        predictions.append(Prediction(utterance_id, label, named, is_calibrated, reason, causal))
    return predictions


def labelled_conversations(
    conversations: Sequence[Conversation],
    reading: Reading,
    about: About,
    min_confidence: float | None = None,
    temperature: float | None = None,
) -> list[LabelledConversation]:
    """Conversations with their predictions.

    Args:
        conversations: C of them.
        reading: What a system made of them.
        about: Of that system.
        min_confidence: Least score of the top label, in [0, 1]; below it the label is None.
        temperature: What logits are divided by; None for nothing, and scores are not calibrated.
    """
    if reading.answers is not None:
        pairs = iter(zip(reading.answers.texts, reading.answers.labels, strict=True))
        return [
            LabelledConversation(c, tuple(_answered(u.id, *next(pairs), about) for u in c.utterances))
            for c in conversations
        ]
    labelled = []
    for i, conversation in enumerate(conversations):
        ids = [utterance.id for utterance in conversation.utterances]
        if reading.scores is not None:
            scores, is_calibrated = np.asarray(reading.scores[i], dtype=np.float64), about.is_calibrated
            predictions = named_predictions(
                ids, scores, about.label_set, is_calibrated, min_confidence, about.is_causal
            )
        else:
            assert reading.logits is not None
            predictions = scored_predictions(
                ids, reading.logits[i], about.label_set, temperature, min_confidence, about.is_causal
            )
        labelled.append(LabelledConversation(conversation, tuple(predictions)))
    return labelled


def _answered(utterance_id: str, text: str, label: str | None, about: About) -> Prediction:
    """The prediction of an answer: 1 for the label that it names."""
    scores = {name: float(name == label) for name in about.label_set.labels}
    reason = "" if label is not None else f"unparsed: {quoted_answer(text)}"
    return Prediction(utterance_id, label, scores, False, reason, about.is_causal)


def quoted_answer(text: str) -> str:
    """An answer as it is told: on one line, not long, with nothing that a terminal would obey."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return "an empty answer" if not plain else f"'{plain if len(plain) <= _SHOWN else plain[: _SHOWN - 3] + '...'}'"


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
        read = read_conversations(given)
        if read.skipped:
            warnings.warn(f"{given}: {read.line()}; the first: {read.skipped[0].reason}", stacklevel=3)
        return read.conversations
    return given
