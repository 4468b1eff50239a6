"""The uniform format with predictions: one labelled conversation in JSON per line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from erckit.conversation import LabelledConversation, Prediction, Utterance
from erckit.storage.atomic import atomic_file

_SCORE_DIGITS = 6


def write_jsonl(labelled: Sequence[LabelledConversation], path: Path | str) -> Path:
    """Write labelled conversations, whole or not at all; reading the file gives the same conversations.

    Each utterance keeps its fields and gets ``predicted`` (null when the model abstained, with
    ``reason``), ``confidence``, ``scores`` and ``calibrated``, and ``causal`` (false) where it depends on what was
    said later.

    Returns:
        ``path``.
    """
    with atomic_file(path) as file:
        for item in labelled:
            file.write(jsonl_line(item) + "\n")
    return Path(path)


def jsonl_line(item: LabelledConversation) -> str:
    """A labelled conversation as one line of the file, without its end."""
    conversation = item.conversation
    pairs = zip(conversation.utterances, item.predictions, strict=True)
    value = {
        "id": conversation.id,
        "utterances": [_utterance(utterance) | _prediction(prediction) for utterance, prediction in pairs],
        "meta": dict(conversation.meta),
    }
    line = json.dumps(value, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:  # a lone surrogate in a field kept as read
        line = json.dumps(value)
    return line


def _utterance(utterance: Utterance) -> dict[str, Any]:
    value: dict[str, Any] = {"id": utterance.id, "speaker": utterance.speaker, "text": utterance.text}
    if utterance.label is not None:
        value["emotion"] = utterance.label
    if utterance.start is not None:
        value["start"] = utterance.start
    if utterance.end is not None:
        value["end"] = utterance.end
    return {**utterance.extra, **value}


def _prediction(prediction: Prediction) -> dict[str, Any]:
    value: dict[str, Any] = {
        "predicted": prediction.label,
        "confidence": round(prediction.confidence, _SCORE_DIGITS),
        "scores": {label: round(score, _SCORE_DIGITS) for label, score in prediction.scores.items()},
        "calibrated": prediction.calibrated,
    }
    if prediction.reason:
        value["reason"] = prediction.reason
    if not prediction.causal:
        value["causal"] = False
    return value
