"""The difference between two systems: interval, spread and p-value, by resampling conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from erckit.errors import ErckitError, SettingError
from erckit.labels import LabelSet
from erckit.metrics.bootstrap import bootstrap_runs
from erckit.metrics.conversation_counts import conversation_counts

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class PairedBootstrap:
    """What the resamples say about a difference of scores.

    Args:
        difference: Score of the first system minus score of the second, each the mean over its runs.
        low: Lower bound of the interval.
        high: Upper bound of the interval.
        p_value: Two-sided, in (0, 1]; of "the two systems score the same".
        standard_error: Standard deviation of the difference over the resamples.
    """

    difference: float
    low: float
    high: float
    p_value: float
    standard_error: float


def paired_bootstrap(
    gold: Sequence[int] | NDArray[Any],
    first: ArrayLike,
    second: ArrayLike,
    conversation_index: Sequence[int] | NDArray[Any],
    metric: str,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    label_set: LabelSet | None = None,
    resample_seeds: bool = False,
) -> PairedBootstrap:
    """Compare two systems on the same resamples of whole conversations.

    Args:
        gold: (N,) label positions.
        first: (N,) predictions of one run, or (S, N), one row per seed; then the mean score over seeds is compared.
        second: The same of the other system; the number of seeds may differ.
        conversation_index: (N,) whole numbers; utterances of the same conversation share one.
        metric: A name of ``METRICS``.
        draws: Resamples, at least 1.
        seed: Of the resampling.
        level: Coverage of the interval, in (0, 1).
        label_set: Needed by ``macro_f1`` and the "no_neutral" metrics.
        resample_seeds: Draw seeds with the conversations (hierarchical bootstrap), so that the answer is about the
            recipes and not only about the runs at hand; needs at least 2 seeds of each.

    Raises:
        ErckitError: Nothing to resample, lengths that differ, or a system with one run and ``resample_seeds``.
        SettingError: Unknown metric, a metric that needs the label set, or a level outside (0, 1).

    Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 16; Berg-Kirkpatrick et al. 2012, An
        Empirical Investigation of Statistical Significance in NLP, for the p-value from differences centred on the
        observed one. Dror et al. 2018 for its use on systems with a score that is no mean over utterances.
    Deviations: conversations are drawn, not utterances; two-sided; (count + 1) / (draws + 1), so that p is never 0.
    """
    if draws < 1:
        raise ErckitError("there is nothing to resample; pass at least one utterance and one draw.")
    tables = [conversation_counts(gold, runs, conversation_index, metric, label_set) for runs in (first, second)]
    scores = [bootstrap_runs(table, metric, draws, seed) for table in tables]
    observed = float(tables[0].scores(metric).mean() - tables[1].scores(metric).mean())
    if resample_seeds:
        means = [mean_of_drawn_seeds(table, seed + 1 + place) for place, table in enumerate(scores)]
    else:
        means = [table.mean(axis=0) for table in scores]
    return summarise_differences(means[0] - means[1], observed, level)


def mean_of_drawn_seeds(scores: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Mean over seeds that are drawn anew in each resample.

    Of S seeds, S - 1 are drawn with replacement: the spread of the mean then is sd / sqrt(S), as it is for a mean of
    S independent seeds. Drawing S would make it too small, by half its variance with 2 seeds.

    Args:
        scores: (S, draws), S at least 2; the score of each run on each resample of conversations.
        seed: Of the drawing.

    Returns:
        (draws,) means.

    Raises:
        ErckitError: One seed only.

    Source: McCarthy & Snowden 1985, The Bootstrap and Finite Population Sampling (n - 1 of n).
    """
    runs, draws = scores.shape
    if runs < 2:
        raise ErckitError("one run says nothing about the spread over seeds; evaluate with --seeds 5.")
    drawn = np.random.default_rng(seed).integers(runs, size=(runs - 1, draws))
    means: NDArray[np.float64] = np.take_along_axis(scores, drawn, axis=0).mean(axis=0)
    return means


def summarise_differences(differences: NDArray[np.float64], observed: float, level: float = 0.95) -> PairedBootstrap:
    """Interval, spread and p-value of a difference from its resamples.

    Args:
        differences: (draws,) differences on the resamples.
        observed: The difference on the whole test split.
        level: Coverage of the interval, in (0, 1).
    """
    if not 0 < level < 1:
        raise SettingError(f"level must lie between 0 and 1, got {level}; use 0.95 for a 95 % interval.")
    low, high = np.quantile(differences, [(1 - level) / 2, (1 + level) / 2])
    # Under "no difference" the resamples would spread around 0 as they do around the observed difference.
    as_far = np.abs(differences - observed) >= abs(observed) - _ROUNDING
    return PairedBootstrap(
        difference=observed,
        low=float(low),
        high=float(high),
        p_value=float((as_far.sum() + 1) / (differences.size + 1)),
        standard_error=float(differences.std(ddof=1)) if differences.size > 1 else 0.0,
    )
