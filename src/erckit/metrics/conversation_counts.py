"""Confusion counts of each conversation, from which any resample of conversations is scored by one matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from erckit.errors import ErckitError, SettingError
from erckit.labels import LabelSet
from erckit.metrics.from_confusion import NO_LABEL, metric_from_confusion

# The others average over labels that may not occur, or leave the neutral one out.
_WITHOUT_LABEL_SET = ("weighted_f1", "accuracy", "mcc")


@dataclass(frozen=True, slots=True, eq=False)
class ConversationCounts:
    """One system's confusion counts, conversation by conversation.

    Args:
        table: (S, C, L*(L+1)) counts of each run and conversation; a flattened matrix with gold labels as rows, whose
            last column counts the predictions that name no label.
        labels: Number of labels L.
        neutral: Position of the neutral label, None without one.
    """

    table: NDArray[np.float64]
    labels: int
    neutral: int | None = None

    @property
    def runs(self) -> int:
        """Number of runs S (seeds)."""
        return len(self.table)

    @property
    def conversations(self) -> int:
        """Number of conversations C."""
        return int(self.table.shape[1])

    def scores(self, metric: str) -> NDArray[np.float64]:
        """(S,) the metric of each run over all conversations."""
        return self.metric_of(self.table.sum(axis=1), metric)

    def scores_of_resamples(self, weights: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
        """The metric of each run when conversation c counts ``weights[d, c]`` times.

        Args:
            weights: (D, C).
            metric: A name of ``METRICS``.

        Returns:
            (S, D) scores.
        """
        return np.stack([self.metric_of(weights @ counts, metric) for counts in self.table])

    def metric_of(self, counts: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
        """(...) the metric of flattened confusion matrices (..., L*(L+1))."""
        matrices = counts.reshape(*counts.shape[:-1], self.labels, self.labels + 1)
        return metric_from_confusion(matrices, metric, self.neutral)


def conversation_counts(
    gold: Sequence[int] | NDArray[Any],
    predicted: ArrayLike,
    conversation_index: Sequence[int] | NDArray[Any],
    metric: str,
    label_set: LabelSet | None = None,
) -> ConversationCounts:
    """Count (gold, predicted) in each conversation.

    Args:
        gold: (N,) label positions.
        predicted: (N,) label positions, ``NO_LABEL`` where none was named; or (S, N), one row per run.
        conversation_index: (N,) whole numbers; utterances of the same conversation share one.
        metric: What will be computed from the counts; a name of ``METRICS``.
        label_set: Needed by ``macro_f1`` and the "no_neutral" metrics, which depend on labels that may not occur.

    Raises:
        ErckitError: No utterance, lengths that differ, or a position outside the label set.
        SettingError: A metric that needs the label set.
    """
    if label_set is None and metric not in _WITHOUT_LABEL_SET:
        raise SettingError(f"metric '{metric}' depends on the label set; pass label_set=.")
    y_true = np.asarray(gold, dtype=np.int64)  # (N,)
    runs = np.atleast_2d(np.asarray(predicted, dtype=np.int64))  # (S, N)
    groups = np.asarray(conversation_index, dtype=np.int64)  # (N,)
    if y_true.size == 0:
        raise ErckitError("there is nothing to resample; pass at least one utterance and one draw.")
    if y_true.ndim != 1 or runs.ndim != 2 or runs.shape[1] != y_true.size or groups.shape != y_true.shape:
        raise ErckitError(
            f"gold {y_true.shape}, predictions {runs.shape} and conversation index {groups.shape} do not match; "
            "pass one of each per utterance."
        )
    labels = len(label_set) if label_set else int(max(y_true.max(), runs.max())) + 1
    neutral = label_set.index(label_set.neutral) if label_set and label_set.neutral else None
    if y_true.min() < 0 or runs.min() < NO_LABEL or max(y_true.max(), runs.max()) >= labels:
        raise ErckitError("a label position is outside the label set; leave out utterances without a gold label.")

    _, place = np.unique(groups, return_inverse=True)  # (N,) in [0, C)
    conversations = int(place.max()) + 1
    size = conversations * labels * (labels + 1)
    cells = (place * labels + y_true) * (labels + 1) + np.where(runs == NO_LABEL, labels, runs)  # (S, N)
    table = np.stack([np.bincount(row, minlength=size).reshape(conversations, -1) for row in cells])
    return ConversationCounts(table.astype(np.float64), labels, neutral)


def times_drawn(drawn: NDArray[np.int64], conversations: int) -> NDArray[np.float64]:
    """How often each conversation occurs in each resample.

    Args:
        drawn: (D, K) positions of the conversations drawn.
        conversations: Their number C.

    Returns:
        (D, C) whole numbers as floats, ready for a matrix product.
    """
    rows = np.arange(len(drawn))[:, None] * conversations
    flat = np.bincount((rows + drawn).ravel(), minlength=len(drawn) * conversations)
    return flat.reshape(len(drawn), conversations).astype(np.float64)
