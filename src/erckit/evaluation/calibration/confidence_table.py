"""How sure a result was of every utterance, and whether it was right: the input of curves and reliability bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from erckit.errors import ResultError
from erckit.evaluation.run.evaluate import conversation_index
from erckit.metrics import undo_temperature

if TYPE_CHECKING:
    from erckit.evaluation.results.result import Result


@dataclass(frozen=True, slots=True, eq=False)
class ConfidenceTable:
    """One row per run, one column per utterance.

    Args:
        confidence: (S, N) highest score of the utterance in [0, 1], rounded to 4 decimals as results store it.
        right: (S, N) whether the predicted label is the gold label.
        neutral: (S, N) whether the predicted label is the neutral one; None for a label set without.
        before: (S, N) highest score before temperature scaling, as exact as :func:`erckit.metrics.undo_temperature`
            finds it from rounded scores; None when it cannot be told.
        conversations: (N,) number of the utterance's conversation.
    """

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    neutral: NDArray[np.bool_] | None
    before: NDArray[np.float64] | None
    conversations: NDArray[np.int64]


def confidence_table(result: Result) -> ConfidenceTable:
    """Read the predictions of a result as confidences.

    Scores before temperature scaling are found again from the temperature of each run. That cannot be done for a file
    of an earlier version, which does not hold it, for scores that were not scaled, or after a label mapping, whose
    scores are sums.

    Raises:
        ResultError: No predictions or no scores, or runs that do not cover the same utterances.
    """
    rows, runs = result.predictions, max(1, len(result.runs))
    if not rows or not all(row.scores for row in rows):
        raise ResultError(
            f"the result of '{result.system}' on {result.protocol.name} holds no scores of single utterances; "
            "run 'erckit evaluate' again with --json."
        )
    count = len(rows) // runs
    keys = [(row.conversation, row.utterance, row.gold) for row in rows[:count]]
    for start in range(0, len(rows), count):
        if [(row.conversation, row.utterance, row.gold) for row in rows[start : start + count]] != keys:
            raise ResultError(
                f"the runs of '{result.system}' on {result.protocol.name} do not cover the same utterances; "
                "run 'erckit evaluate' again."
            )
    shape = (runs, count)
    scores = np.array([list(row.scores.values()) for row in rows], dtype=np.float64)  # (S * N, L)
    before = None
    temperatures = [value for value in result.temperatures if value is not None]
    if len(temperatures) == runs and not result.protocol.mapping:
        undone = [
            undo_temperature(part, float(temperature)).max(axis=1)
            for part, temperature in zip(scores.reshape(*shape, -1), temperatures, strict=True)
        ]
        before = np.stack(undone)
    neutral = result.label_set.neutral
    return ConfidenceTable(
        confidence=scores.max(axis=1).reshape(shape),
        right=np.array([row.label == row.gold for row in rows]).reshape(shape),
        neutral=None if neutral is None else np.array([row.label == neutral for row in rows]).reshape(shape),
        before=before,
        conversations=np.asarray(conversation_index(rows[:count])),
    )
