"""The difference between two systems against chance: swap their predictions conversation by conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from erckit.errors import ErckitError
from erckit.labels import LabelSet
from erckit.metrics.conversation_counts import ConversationCounts, conversation_counts

_DRAWS_AT_ONCE = 250  # bounds memory: runs x draws x L x L swapped counts
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class SwappedPair:
    """Two systems to compare.

    Args:
        first: Position of one system.
        second: Position of the other.
        same_seeds: Whether run k of both has the same seed; then run k swaps with run k. Otherwise every run of one
            swaps with every run of the other, and the scores are averaged.
    """

    first: int
    second: int
    same_seeds: bool = False


def approximate_randomisation(
    gold: Sequence[int] | NDArray[Any],
    first: ArrayLike,
    second: ArrayLike,
    conversation_index: Sequence[int] | NDArray[Any],
    metric: str,
    draws: int = 2000,
    seed: int = 0,
    label_set: LabelSet | None = None,
    same_seeds: bool = False,
) -> float:
    """p-value of "it does not matter which of the two systems a conversation's predictions came from".

    In each draw a coin is thrown for every conversation; where it shows heads, the two systems swap their predictions
    of that conversation, those of all seeds together. The p-value is the share of draws whose difference is at least
    as large as the real one, in either direction.

    Args:
        gold: (N,) label positions.
        first: (N,) predictions of one run, or (S, N), one row per seed; then the mean score over seeds is compared.
        second: The same of the other system; the number of seeds may differ.
        conversation_index: (N,) whole numbers; utterances of the same conversation share one.
        metric: A name of ``METRICS``.
        draws: Random swaps, at least 1.
        seed: Of the coins.
        label_set: Needed by ``macro_f1`` and the "no_neutral" metrics.
        same_seeds: Row k of both has the same seed, see :class:`SwappedPair`.

    Returns:
        Two-sided p-value in [1 / (draws + 1), 1].

    Raises:
        ErckitError: Nothing to swap, or lengths that differ.
        SettingError: Unknown metric, or a metric that needs the label set.

    Source: Noreen 1989, Computer-Intensive Methods for Testing Hypotheses; Yeh 2000, More accurate tests for the
        statistical significance of result differences.
    Deviations: conversations are swapped, not utterances; all seeds of a system together.
    """
    systems = [conversation_counts(gold, runs, conversation_index, metric, label_set) for runs in (first, second)]
    return randomisation_p_values(systems, [SwappedPair(0, 1, same_seeds)], metric, draws, seed)[0]


def randomisation_p_values(
    systems: Sequence[ConversationCounts], pairs: Sequence[SwappedPair], metric: str, draws: int, seed: int
) -> list[float]:
    """:func:`approximate_randomisation` for many pairs of systems; every pair sees the same coins.

    Args:
        systems: Counts of each system, all over the same conversations.
        pairs: Which ones to compare.
        metric: A name of ``METRICS``.
        draws: Random swaps, at least 1.
        seed: Of the coins.

    Returns:
        One p-value per pair.
    """
    if draws < 1:
        raise ErckitError("there is nothing to swap; pass at least one draw.")
    scores = [system.scores(metric).mean() for system in systems]
    as_far = np.zeros(len(pairs), dtype=np.int64)
    rng = np.random.default_rng(seed)
    for start in range(0, draws, _DRAWS_AT_ONCE):
        size = min(_DRAWS_AT_ONCE, draws - start)
        coins = rng.integers(2, size=(size, systems[0].conversations)).astype(np.float64)  # (D, C)
        moved = [[coins @ counts for counts in system.table] for system in systems]  # (D, L*(L+1)) of each run
        for place, pair in enumerate(pairs):
            observed = scores[pair.first] - scores[pair.second]
            swapped = _swapped_differences(systems, moved, pair, metric)  # (D,)
            as_far[place] += int((np.abs(swapped) >= abs(observed) - _ROUNDING).sum())
    return [float((count + 1) / (draws + 1)) for count in as_far]


def _swapped_differences(
    systems: Sequence[ConversationCounts],
    moved: Sequence[Sequence[NDArray[np.float64]]],
    pair: SwappedPair,
    metric: str,
) -> NDArray[np.float64]:
    """(D,) difference of the mean scores after each swap."""
    first, second = systems[pair.first], systems[pair.second]
    if pair.same_seeds and first.runs != second.runs:
        raise ErckitError(f"{first.runs} and {second.runs} runs cannot have the same seeds; pass same_seeds=False.")
    partners = (
        [(run, run) for run in range(first.runs)]
        if pair.same_seeds
        else [(one, other) for one in range(first.runs) for other in range(second.runs)]
    )
    ones, others = map(list, zip(*partners, strict=True))  # P partners
    gains = np.stack([moved[pair.second][o] for o in others]) - np.stack([moved[pair.first][o] for o in ones])
    own = np.stack([first.table[one].sum(axis=0) for one in ones])[:, None] + gains  # (P, D, L*(L+1))
    theirs = np.stack([second.table[other].sum(axis=0) for other in others])[:, None] - gains
    differences = first.metric_of(own, metric) - second.metric_of(theirs, metric)  # (P, D)
    mean: NDArray[np.float64] = differences.mean(axis=0)
    return mean
