"""Confidence intervals by resampling conversations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from erckit.errors import ErckitError, SettingError
from erckit.labels import LabelSet
from erckit.metrics.conversation_counts import ConversationCounts, conversation_counts, times_drawn

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
    if draws < 1:
        raise ErckitError("there is nothing to resample; pass at least one utterance and one draw.")
    counts = conversation_counts(gold, predicted, conversation_index, metric, label_set)
    scores: NDArray[np.float64] = bootstrap_runs(counts, metric, draws, seed).mean(axis=0)
    return scores


def bootstrap_runs(counts: ConversationCounts, metric: str, draws: int, seed: int) -> NDArray[np.float64]:
    """The metric of each run on each resample; every run sees the same conversations, and so does every system.

    Args:
        counts: Of one system.
        metric: A name of ``METRICS``.
        draws: Resamples.
        seed: Of the resampling; systems of one test split that share it can be compared draw by draw.

    Returns:
        (S, draws) scores.
    """
    drawn = resample(counts.conversations, draws, seed)  # (draws, C)
    scores = np.empty((counts.runs, draws))
    for start in range(0, draws, _DRAWS_AT_ONCE):
        part = slice(start, start + _DRAWS_AT_ONCE)
        scores[:, part] = counts.scores_of_resamples(times_drawn(drawn[part], counts.conversations), metric)
    return scores


def resample(conversations: int, draws: int, seed: int) -> NDArray[np.int64]:
    """(draws, conversations) positions of the conversations drawn, with replacement."""
    return np.random.default_rng(seed).integers(conversations, size=(draws, conversations))
