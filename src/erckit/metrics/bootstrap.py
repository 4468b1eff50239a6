"""Confidence intervals by resampling conversations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from erckit.errors import ErckitError, SettingError
from erckit.labels import LabelSet
from erckit.metrics.from_confusion import metric_from_confusion

_DRAWS_AT_ONCE = 250  # bounds memory: draws x conversations weights


def bootstrap_interval(
    gold: Sequence[int],
    predicted: ArrayLike,
    conversation_index: Sequence[int],
    metric: str,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    label_set: LabelSet | None = None,
) -> tuple[float, float]:
    """Percentile interval of a metric under resampling of whole conversations.

    Utterances of one conversation are not independent, so conversations are drawn, not utterances.

    Args:
        gold: (N,) label positions.
        predicted: (N,) label positions; or (S, N), one row per seed: then the interval is of the mean over seeds,
            with the same conversations drawn for each seed.
        conversation_index: (N,) whole numbers; utterances of the same conversation share one.
        metric: A name of ``METRICS``.
        draws: Resamples, at least 1.
        seed: Of the resampling.
        level: Coverage, in (0, 1).
        label_set: Needed by ``macro_f1`` and the "no_neutral" metrics, which depend on labels that may not occur.

    Returns:
        Lower and upper bound.

    Raises:
        ErckitError: Nothing to resample, or lengths that differ.
        SettingError: Unknown metric, a metric that needs the label set, or a level outside (0, 1).

    Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), percentile interval, clusters resampled.
    """
    if not 0 < level < 1:
        raise SettingError(f"level must lie between 0 and 1, got {level}; use 0.95 for a 95 % interval.")
    scores = bootstrap_scores(gold, predicted, conversation_index, metric, draws, seed, label_set)
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap_scores(
    gold: Sequence[int],
    predicted: ArrayLike,
    conversation_index: Sequence[int],
    metric: str,
    draws: int = 2000,
    seed: int = 0,
    label_set: LabelSet | None = None,
) -> NDArray[np.float64]:
    """The metric on each resample; arguments as :func:`bootstrap_interval`.

    Returns:
        (draws,) scores, the mean over seeds when several were given.
    """
    if label_set is None and metric not in ("weighted_f1", "accuracy", "mcc"):
        raise SettingError(f"metric '{metric}' depends on the label set; pass label_set=.")
    y_true = np.asarray(gold, dtype=np.int64)  # (N,)
    runs = np.atleast_2d(np.asarray(predicted, dtype=np.int64))  # (S, N)
    groups = np.asarray(conversation_index, dtype=np.int64)  # (N,)
    if y_true.size == 0 or draws < 1:
        raise ErckitError("there is nothing to resample; pass at least one utterance and one draw.")
    if y_true.ndim != 1 or runs.ndim != 2 or runs.shape[1] != y_true.size or groups.shape != y_true.shape:
        raise ErckitError(
            f"gold {y_true.shape}, predictions {runs.shape} and conversation index {groups.shape} do not match; "
            "pass one of each per utterance."
        )
    labels = len(label_set) if label_set else int(max(y_true.max(), runs.max())) + 1
    neutral = label_set.index(label_set.neutral) if label_set and label_set.neutral else None
    if min(y_true.min(), runs.min()) < 0 or max(y_true.max(), runs.max()) >= labels:
        raise ErckitError("a label position is outside the label set; leave out utterances without a gold label.")

    _, place = np.unique(groups, return_inverse=True)  # (N,) in [0, C)
    conversations = int(place.max()) + 1
    counts = [_conversation_counts(y_true, run, place, conversations, labels) for run in runs]  # S x (C, L*L)
    drawn = resample(conversations, draws, seed)  # (draws, C)
    scores = np.empty(draws)
    for start in range(0, draws, _DRAWS_AT_ONCE):
        part = slice(start, start + _DRAWS_AT_ONCE)
        weights = _times_drawn(drawn[part], conversations)  # (D, C)
        per_run = [
            metric_from_confusion((weights @ table).reshape(-1, labels, labels), metric, neutral) for table in counts
        ]
        scores[part] = np.mean(per_run, axis=0)
    return scores


def resample(conversations: int, draws: int, seed: int) -> NDArray[np.int64]:
    """(draws, conversations) positions of the conversations drawn, with replacement."""
    return np.random.default_rng(seed).integers(conversations, size=(draws, conversations))


def _conversation_counts(
    gold: NDArray[np.int64], predicted: NDArray[np.int64], place: NDArray[Any], conversations: int, labels: int
) -> NDArray[np.float64]:
    """Confusion counts of each conversation, flattened: (C, L*L)."""
    cell = (place * labels + gold) * labels + predicted
    size = conversations * labels * labels
    return np.bincount(cell, minlength=size).reshape(conversations, -1).astype(np.float64)


def _times_drawn(drawn: NDArray[np.int64], conversations: int) -> NDArray[np.float64]:
    """How often each conversation occurs in each resample: (D, C)."""
    rows = np.arange(len(drawn))[:, None] * conversations
    flat = np.bincount((rows + drawn).ravel(), minlength=len(drawn) * conversations)
    return flat.reshape(len(drawn), conversations).astype(np.float64)
