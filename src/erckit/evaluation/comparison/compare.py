"""Which of several results are better, and which cannot be told apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import combinations
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from erckit.errors import ResultError, SettingError, nearest
from erckit.evaluation.comparison.comparison import ComparedPair, ComparedSystem, Comparison
from erckit.evaluation.comparison.comparison_warnings import comparison_warnings
from erckit.evaluation.comparison.matched_results import MatchedResults, match_results
from erckit.evaluation.results.result import Result
from erckit.evaluation.results.selection import NOTHING

if TYPE_CHECKING:
    from erckit.metrics.conversation_counts import ConversationCounts

_FEWEST_DRAWS = 2000


def compare_results(
    results: Sequence[Result],
    metric: str | None = None,
    draws: int | None = None,
    *,
    names: Sequence[str] | None = None,
    baseline: str | None = None,
    pairs: Sequence[tuple[int, int]] | None = None,
    alpha: float = 0.05,
    seed: int = 0,
) -> Comparison:
    """Compare results of one protocol, pair by pair.

    Each pair gets a paired bootstrap (difference, interval, p), approximate randomisation (p), both over whole
    conversations and over the mean of the seeds, and a bootstrap that draws seeds too, where both have at least two
    or draw nothing at random.
    The p-values are corrected by Holm for the number of pairs. The verdict rests on approximate randomisation.

    Args:
        results: At least two, of the same protocol, utterances and gold labels; conversations may be in any order.
        metric: A name of ``metric_names()``; None takes the protocol's.
        draws: Resamples and random swaps; None takes 2,000, or more where a table of that many pairs needs them.
        names: What to call each result; None takes their systems, numbered where two are the same.
        baseline: Name of the one that all others are compared with; None compares all pairs.
        pairs: Positions in ``results`` to compare instead, first minus second; groups are then not made.
        alpha: Level of the tests, in (0, 1).
        seed: Of resampling and swapping.

    Raises:
        ResultError: Fewer than two results, or results that do not belong together.
        SettingError: An unknown metric or baseline, names that repeat, or so few draws that nothing could be found.

    Source: Dror et al. 2018, The Hitchhiker's Guide to Testing Statistical Significance in NLP.
    """
    from erckit.metrics import metric_names
    from erckit.metrics.bootstrap import bootstrap_runs
    from erckit.metrics.conversation_counts import conversation_counts

    if len(results) < 2:
        raise ResultError("a comparison needs at least two results.")
    called = _names(results, names)
    matched = match_results(results, called)
    measure = _metric(results, called, metric)
    if measure not in metric_names():
        raise SettingError(f"unknown metric '{measure}'. {nearest(measure, metric_names())}")
    if not 0 < alpha < 1:
        raise SettingError(f"alpha must lie between 0 and 1, got {alpha}; 0.05 is usual.")
    counts = [
        conversation_counts(matched.gold, runs, matched.conversation_index, measure, matched.label_set)
        for runs in matched.predictions
    ]
    run_scores = [one.scores(measure) for one in counts]  # S of each result
    order = sorted(range(len(results)), key=lambda i: -run_scores[i].mean())
    chosen = _pairs(order, called, baseline, pairs)
    draws = _draws(draws, len(chosen), alpha)
    resampled = [bootstrap_runs(one, measure, draws, seed) for one in counts]  # (S, draws) of each result
    randomised = _randomisation(matched, counts, chosen, measure, draws, seed)
    fixed = [_is_fixed(result) for result in results]
    compared = _compare(called, run_scores, resampled, fixed, randomised, chosen, alpha, seed)

    letters = _letters(order, chosen, compared, complete=baseline is None and pairs is None)
    systems = tuple(
        _system(results[i], called[i], matched.seeds[i], run_scores[i], resampled[i], letters[i]) for i in order
    )
    return Comparison(
        protocol=dataclasses.replace(results[0].protocol, metric=measure),
        systems=systems,
        pairs=compared,
        groups=_groups(systems),
        baseline=baseline,
        alpha=alpha,
        draws=draws,
        warnings=comparison_warnings(results, called, matched, systems, compared, measure, alpha),
    )


def _names(results: Sequence[Result], names: Sequence[str] | None) -> list[str]:
    if names is None:
        systems = [result.system for result in results]
        return [
            system if systems.count(system) == 1 else f"{system} ({systems[: place + 1].count(system)})"
            for place, system in enumerate(systems)
        ]
    if len(names) != len(results) or len(set(names)) != len(names):
        raise SettingError(f"every result needs a name of its own, got {', '.join(names)} for {len(results)} results.")
    return list(names)


def _metric(results: Sequence[Result], names: Sequence[str], metric: str | None) -> str:
    if metric is not None:
        return metric
    for result, name in zip(results, names, strict=True):
        if result.protocol.metric != results[0].protocol.metric:
            raise ResultError(
                f"{names[0]} is scored by {results[0].protocol.metric}, {name} by {result.protocol.metric}; "
                "say which metric to compare (--metric)."
            )
    return results[0].protocol.metric


def _pairs(
    order: Sequence[int], names: Sequence[str], baseline: str | None, pairs: Sequence[tuple[int, int]] | None
) -> list[tuple[int, int]]:
    """Positions to compare; the better one first where it is not given."""
    if pairs is not None:
        if baseline is not None:
            raise SettingError("give a baseline or pairs, not both.")
        if not pairs or not all(0 <= i < len(names) and 0 <= j < len(names) and i != j for i, j in pairs):
            raise SettingError(
                f"pairs must name two different results of {len(names)}, by position, got {list(pairs)}."
            )
        return list(pairs)
    if baseline is None:
        return list(combinations(order, 2))
    if baseline not in names:
        raise SettingError(f"no result is called '{baseline}'. {nearest(baseline, names)}")
    base = names.index(baseline)
    return [(i, base) for i in order if i != base]


def _draws(draws: int | None, comparisons: int, alpha: float) -> int:
    # The smallest p-value of D draws is 1 / (D + 1), and Holm multiplies it by the number of comparisons.
    needed = ceil(comparisons / alpha)
    if draws is None:
        return max(_FEWEST_DRAWS, 2 * needed)
    if draws < needed:
        raise SettingError(
            f"{draws} draws cannot show any of {comparisons} differences at the level {alpha:g}; use at least {needed}."
        )
    return draws


def _randomisation(
    matched: MatchedResults,
    counts: Sequence[ConversationCounts],
    pairs: Sequence[tuple[int, int]],
    metric: str,
    draws: int,
    seed: int,
) -> list[float]:
    from erckit.metrics.approximate_randomisation import SwappedPair, randomisation_p_values

    swapped = [SwappedPair(i, j, matched.same_seeds(i, j)) for i, j in pairs]
    return randomisation_p_values(counts, swapped, metric, draws, seed)


def _compare(
    names: Sequence[str],
    run_scores: Sequence[NDArray[np.float64]],
    resampled: Sequence[NDArray[np.float64]],
    fixed: Sequence[bool],
    randomised: Sequence[float],
    pairs: Sequence[tuple[int, int]],
    alpha: float,
    seed: int,
) -> tuple[ComparedPair, ...]:
    from erckit.metrics.holm import holm
    from erckit.metrics.paired_bootstrap import mean_of_drawn_seeds, summarise_differences
    from erckit.metrics.power import smallest_difference

    means = [scores.mean(axis=0) for scores in resampled]
    with_seeds = [
        mean_of_drawn_seeds(scores, seed + 1 + place) if len(scores) > 1 else scores[0] if always else None
        for place, (scores, always) in enumerate(zip(resampled, fixed, strict=True))
    ]
    boots, seeded = [], []
    for i, j in pairs:
        observed = float(run_scores[i].mean() - run_scores[j].mean())
        boots.append(summarise_differences(means[i] - means[j], observed))
        one, other = with_seeds[i], with_seeds[j]
        seeded.append(None if one is None or other is None else summarise_differences(one - other, observed))
    boot_holm, holm_p = holm([boot.p_value for boot in boots]), holm(randomised)
    seeds_holm = iter(holm([test.p_value for test in seeded if test is not None]))
    compared = []
    for place, (i, j) in enumerate(pairs):
        boot, test = boots[place], seeded[place]
        p_seeds_holm = None if test is None else next(seeds_holm)
        compared.append(
            ComparedPair(
                first=names[i],
                second=names[j],
                difference=boot.difference,
                low=boot.low,
                high=boot.high,
                standard_error=boot.standard_error,
                p_bootstrap=boot.p_value,
                p_randomisation=randomised[place],
                p_bootstrap_holm=boot_holm[place],
                p_holm=holm_p[place],
                seeds_low=test.low if test else None,
                seeds_high=test.high if test else None,
                p_seeds=test.p_value if test else None,
                p_seeds_holm=p_seeds_holm,
                smallest_difference=smallest_difference(boot.standard_error, alpha),
                smallest_difference_holm=smallest_difference(boot.standard_error, alpha / len(pairs)),
                significant=holm_p[place] < alpha,
                verdict=_verdict(boot.difference, holm_p[place], boot_holm[place], p_seeds_holm, alpha),
            )
        )
    return tuple(compared)


def _verdict(difference: float, p: float, p_bootstrap: float, p_seeds: float | None, alpha: float) -> str:
    """What may be said of a pair; "better" and "worse" are about the first system."""
    if p >= alpha:
        return "not told apart"
    word = "better" if difference > 0 else "worse"
    if p_seeds is None:
        word += ", single run"
    elif p_seeds >= alpha:
        word += ", not beyond seeds"
    return word if p_bootstrap < alpha else f"{word}; bootstrap: not told apart"


def _is_fixed(result: Result) -> bool:
    """Whether the system draws nothing, so that one run stands for all seeds."""
    from erckit.models.baselines import BASELINES, baseline_class

    name = str(result.config.get("name") or result.system)
    if name in BASELINES:
        return baseline_class(name).is_deterministic
    return result.protocol.selection == NOTHING and not result.seeds  # a model that somebody else trained


def _letters(
    order: Sequence[int], pairs: Sequence[tuple[int, int]], compared: Sequence[ComparedPair], complete: bool
) -> dict[int, tuple[str, ...]]:
    from erckit.metrics.letter_groups import letter_groups

    if not complete:
        return dict.fromkeys(order, ())
    rank = {system: place for place, system in enumerate(order)}
    different = [(rank[i], rank[j]) for (i, j), pair in zip(pairs, compared, strict=True) if pair.significant]
    return dict(zip(order, letter_groups(len(order), different), strict=True))


def _groups(systems: Sequence[ComparedSystem]) -> dict[str, tuple[str, ...]]:
    # A shorter letter comes first: z before a'.
    letters = sorted({letter for system in systems for letter in system.letters}, key=lambda x: (len(x), x))
    return {letter: tuple(system.name for system in systems if letter in system.letters) for letter in letters}


def _system(
    result: Result,
    name: str,
    seeds: tuple[int | None, ...],
    scores: NDArray[np.float64],
    resampled: NDArray[np.float64],
    letters: tuple[str, ...],
) -> ComparedSystem:
    low, high = np.quantile(resampled.mean(axis=0), [0.025, 0.975])
    return ComparedSystem(
        name=name,
        seeds=seeds,
        score=float(scores.mean()),
        sd=float(scores.std(ddof=1)) if len(scores) > 1 else None,
        fixed=_is_fixed(result),
        low=float(low),
        high=float(high),
        letters=letters,
        memory=result.protocol.memory,
        causal=result.protocol.causal,
        selection=result.protocol.selection,
    )
