"""What a reader must know before believing a difference between results."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from erckit.evaluation.comparison.comparison import ComparedPair, ComparedSystem
from erckit.evaluation.comparison.matched_results import MatchedResults
from erckit.evaluation.results.result import Result
from erckit.evaluation.results.selection import NOTHING, is_scored_where_selected

_SEEDS_FOR_A_CLAIM = 5
_FEW_CONVERSATIONS = 20


def comparison_warnings(
    results: Sequence[Result],
    names: Sequence[str],
    matched: MatchedResults,
    systems: Sequence[ComparedSystem],
    pairs: Sequence[ComparedPair],
    metric: str,
    alpha: float,
) -> tuple[str, ...]:
    """One sentence or two per doubt: unlike conditions, too few seeds, a test set that is too small.

    Args:
        results: What is compared.
        names: Name of each result.
        matched: The same, lined up.
        systems: Scores of each.
        pairs: Differences.
        metric: The compared metric.
        alpha: Level of the tests.
    """
    return (
        *_conditions(results, names, metric),
        *_copies(names, matched),
        *_seeds(systems),
        *_size(matched, pairs, alpha),
    )


def _conditions(results: Sequence[Result], names: Sequence[str], metric: str) -> list[str]:
    protocols = [result.protocol for result in results]
    selections = [p.selection for p in protocols]
    if len({*selections} - {NOTHING}) < 2:
        selections = []  # having nothing to choose, as a majority baseline, is no advantage
    found = []
    for what, values in (
        ("What could be remembered", [p.memory for p in protocols]),
        ("What could be seen", ["past only" if p.causal else "later utterances too" for p in protocols]),
        (
            "What labels an utterance can get",
            ["those of its own corpus" if p.known_labels else "all" for p in protocols],
        ),
        ("The split that checkpoints and settings were chosen on", selections),
    ):
        if len(set(values)) > 1:
            shown = "; ".join(
                f"{value}: {', '.join(n for n, v in zip(names, values, strict=True) if v == value)}"
                for value in dict.fromkeys(values)
            )
            found.append(f"{what} differs, so a difference is not one of the models alone ({shown}).")
    chosen_there = [name for name, p in zip(names, protocols, strict=True) if is_scored_where_selected(p)]
    if chosen_there:
        said = (
            "was chosen on the split it is scored on; its score is too high."
            if len(chosen_there) == 1
            else "were chosen on the split they are scored on; their scores are too high."
        )
        found.append(f"{', '.join(chosen_there)} {said}")
    if len({p.corpus_version for p in protocols}) > 1:
        found.append("The corpus versions differ; utterances and gold labels are the same.")
    if protocols[0].metric != metric:
        found.append(f"{metric} is compared; the metric of this protocol is {protocols[0].metric}.")
    return found


def _copies(names: Sequence[str], matched: MatchedResults) -> list[str]:
    return [
        f"{one} and {other} hold the same predictions."
        for (one, ours), (other, theirs) in combinations(zip(names, matched.predictions, strict=True), 2)
        if ours.shape == theirs.shape and np.array_equal(ours, theirs)
    ]


def _seeds(systems: Sequence[ComparedSystem]) -> list[str]:
    single = [system.name for system in systems if system.sd is None and not system.fixed]
    few = [system.name for system in systems if 1 < len(system.seeds) < _SEEDS_FOR_A_CLAIM and not system.fixed]
    spreads = [system.sd for system in systems if system.sd is not None]
    found = []
    if single:
        many = len(single) > 1
        text = (
            f"{', '.join(single)} {'are single runs' if many else 'is a single run'}, so a difference to "
            f"{'them' if many else 'it'} says nothing about other seeds; "
        )
        if spreads:
            spread = float(np.sqrt(np.mean(np.square(spreads))))
            text += (
                f"with the spread known here (sd {100 * spread:.2f}), two single runs of one recipe differ by up to "
                f"{100 * 1.96 * 2**0.5 * spread:.2f} points in 95 of 100 cases."
            )
        else:
            text += "the spread over seeds is not known. Evaluate with --seeds 5."
        found.append(text)
    if few:
        found.append(f"{', '.join(few)}: fewer than {_SEEDS_FOR_A_CLAIM} seeds, too few for a claim.")
    return found


def _size(matched: MatchedResults, pairs: Sequence[ComparedPair], alpha: float) -> list[str]:
    conversations = int(matched.conversation_index.max()) + 1
    found = []
    # All swapped equals none swapped, so C conversations have 2 ** (C - 1) different outcomes.
    if len(pairs) * 0.5 ** (conversations - 1) >= alpha:
        found.append(
            f"With {conversations} conversation{'s' if conversations > 1 else ''} no difference can become significant."
        )
    elif conversations < _FEW_CONVERSATIONS:
        found.append(f"{conversations} conversations are few to resample; intervals tend to be too narrow.")
    hidden = [pair for pair in pairs if not pair.significant and abs(pair.difference) < pair.smallest_difference]
    if hidden:
        found.append(
            f"{len(hidden)} of {len(pairs)} differences {'is' if len(hidden) == 1 else 'are'} smaller than this test "
            "set can show: 'not told apart' does not mean equal."
        )
    return found
