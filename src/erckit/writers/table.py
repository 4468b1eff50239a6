"""Predictions as CSV: one utterance per row."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from erckit.conversation import LabelledConversation, Prediction, Utterance
from erckit.storage.atomic import atomic_file
from erckit.storage.guarded_cells import guarded

_FIRST = ("conversation", "id", "speaker", "text", "start", "end", "emotion")
_PREDICTION = ("predicted", "confidence", "calibrated", "reason")


def write_csv(labelled: Sequence[LabelledConversation], path: Path | str, guard_formulas: bool = True) -> Path:
    """Write one row per utterance, whole or not at all.

    Columns: conversation, id, speaker, text, start, end, emotion (the gold label, empty where there is
    none), predicted (empty when the model abstained), confidence, calibrated, reason, and ``score_LABEL``
    for every label; before these ``causal`` (true or false), where some prediction depends on what was said later.
    Extra fields of utterances are left out; JSONL keeps them.

    Args:
        labelled: What to write.
        path: The file.
        guard_formulas: Put an apostrophe before a cell that a spreadsheet would take for a formula, since texts are
            other people's; erckit takes it away when it reads the file. False writes cells as they are, for programs.

    Returns:
        ``path``.
    """
    labels = list(dict.fromkeys(label for item in labelled for p in item.predictions for label in p.scores))
    predictions = [prediction for item in labelled for prediction in item.predictions]
    causal = () if all(prediction.causal for prediction in predictions) else ("causal",)
    with atomic_file(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        shown = _guarded if guard_formulas else list
        writer.writerow([*_FIRST, *_PREDICTION, *causal, *(f"score_{label}" for label in labels)])
        for item in labelled:
            for utterance, prediction in zip(item.conversation.utterances, item.predictions, strict=True):
                row = [item.conversation.id, *_utterance(utterance), *_prediction(prediction, labels, bool(causal))]
                writer.writerow(shown(row))
    return Path(path)


def _guarded(row: Sequence[Any]) -> list[Any]:
    return [guarded(cell) if isinstance(cell, str) else cell for cell in row]


def _utterance(utterance: Utterance) -> list[Any]:
    times = ["" if time is None else time for time in (utterance.start, utterance.end)]
    return [utterance.id, utterance.speaker, utterance.text, *times, utterance.label or ""]


def _prediction(prediction: Prediction, labels: Sequence[str], tells_causal: bool) -> list[Any]:
    scores = [f"{prediction.scores[label]:.6f}" if label in prediction.scores else "" for label in labels]
    calibrated = "true" if prediction.calibrated else "false"
    causal = [str(prediction.causal).lower()] if tells_causal else []
    return [prediction.label or "", f"{prediction.confidence:.6f}", calibrated, prediction.reason, *causal, *scores]
