"""Results side by side: the same utterances in the same order, whatever the order in their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from erckit.errors import ResultError
from erckit.evaluation.results.result import PredictionRow, Result
from erckit.labels import LabelSet
from erckit.metrics.from_confusion import NO_LABEL


@dataclass(frozen=True, slots=True, eq=False)
class MatchedResults:
    """Predictions of several results on one list of utterances.

    Args:
        label_set: The labels that the positions below count from.
        gold: (N,) label positions.
        conversation_index: (N,) number of each utterance's conversation.
        predictions: (S, N) label positions of each result, a row per run; runs with known seeds are sorted by seed.
            ``NO_LABEL`` stands for an answer that names none.
        seeds: The seed of each run of each result, None when unknown.
    """

    label_set: LabelSet
    gold: NDArray[np.int64]
    conversation_index: NDArray[np.int64]
    predictions: tuple[NDArray[np.int64], ...]
    seeds: tuple[tuple[int | None, ...], ...]

    def same_seeds(self, first: int, second: int) -> bool:
        """Whether two results have a run for each of the same known seeds."""
        return None not in self.seeds[first] and self.seeds[first] == self.seeds[second]


def match_results(results: Sequence[Result], names: Sequence[str]) -> MatchedResults:
    """Line up results of one protocol by (conversation, utterance).

    Two layouts of one corpus may order conversations differently; the order of the first result is taken.

    Args:
        results: At least one.
        names: What to call each of them in an error.

    Raises:
        ResultError: Another corpus, split, mapping or label set, other utterances or gold labels; says what differs.
    """
    first, name = results[0], names[0]
    _, rows = next(iter(_runs(first, name).items()))
    keys = {key: place for place, key in enumerate(rows)}
    labels = {label: place for place, label in enumerate(first.label_set.labels)}
    conversations: dict[str, int] = {}
    predictions, seeds = [], []
    for result, other in zip(results, names, strict=True):
        _check_protocol(first, name, result, other)
        runs = _runs(result, other)
        order: list[Any] = list(runs)
        if None not in runs:
            order.sort()
        predictions.append(np.array([_positions(runs[seed], rows, keys, labels, name, other) for seed in order]))
        seeds.append(tuple(order))
    return MatchedResults(
        label_set=first.label_set,
        gold=np.array([_position(row.gold, labels, name) for row in rows.values()]),
        conversation_index=np.array([conversations.setdefault(key[0], len(conversations)) for key in keys]),
        predictions=tuple(predictions),
        seeds=tuple(seeds),
    )


_Key = tuple[str, str]


def _runs(result: Result, name: str) -> dict[int | None, dict[_Key, PredictionRow]]:
    """Rows of each run by (conversation, utterance)."""
    runs: dict[int | None, dict[_Key, PredictionRow]] = {}
    for row in result.predictions:
        run = runs.setdefault(row.seed, {})
        key = (row.conversation, row.utterance)
        if key in run:
            raise ResultError(
                f"{name}: utterance {row.conversation}/{row.utterance} is predicted twice for seed {row.seed}; "
                "evaluate again, every run needs a seed and every utterance an id of its own."
            )
        run[key] = row
    if not runs:
        raise ResultError(f"{name}: holds no predictions, so it cannot be compared; run 'erckit evaluate' again.")
    return runs


def _check_protocol(first: Result, name: str, other: Result, other_name: str) -> None:
    for field, what in (("corpus", "corpus"), ("split", "split"), ("mapping", "mapping"), ("name", "protocol")):
        ours, theirs = getattr(first.protocol, field), getattr(other.protocol, field)
        if ours != theirs:
            raise ResultError(
                f"{name} has the {what} '{ours}', {other_name} has '{theirs}': they measure different things. "
                "Compare results of one protocol."
            )
    ours_set, theirs_set = first.label_set, other.label_set
    if set(ours_set.labels) != set(theirs_set.labels) or ours_set.neutral != theirs_set.neutral:
        raise ResultError(
            f"{name} has the labels {', '.join(sorted(ours_set.labels))} (neutral: {ours_set.neutral}), {other_name} "
            f"{', '.join(sorted(theirs_set.labels))} (neutral: {theirs_set.neutral}). "
            f"{_one_label_set(first, other)}"
        )


def _one_label_set(first: Result, other: Result) -> str:
    """What to do about two label sets."""
    shared = [label for label in first.label_set.labels if label in other.label_set]
    if first.protocol.mapping and len(shared) > 1:
        return (
            f"Evaluate with '--map {first.protocol.mapping} --labels {','.join(shared)}', so that both have the same."
        )
    return "Compare results on one label set; --map brings them onto one."


def _positions(
    run: dict[_Key, PredictionRow],
    rows: dict[_Key, PredictionRow],
    keys: dict[_Key, int],
    labels: dict[str, int],
    name: str,
    other: str,
) -> NDArray[np.int64]:
    """(N,) predicted label positions in the order of ``rows``."""
    missing, more = rows.keys() - run.keys(), run.keys() - rows.keys()
    if missing or more:
        lacks, example = (other, min(missing)) if missing else (name, min(more))
        raise ResultError(
            f"{name} scores {len(rows):,} utterances and {other} {len(run):,}; {lacks} lacks "
            f"{len(missing or more):,} of them, for instance {'/'.join(example)}. "
            "Evaluate both on one version of the corpus."
        )
    changed = [key for key in rows if rows[key].gold != run[key].gold]
    if changed:
        key = changed[0]
        raise ResultError(
            f"{len(changed):,} gold labels differ: {'/'.join(key)} is '{rows[key].gold}' in {name} and "
            f"'{run[key].gold}' in {other}. Evaluate both on one version of the corpus."
        )
    found = np.empty(len(keys), dtype=np.int64)
    for key, place in keys.items():
        found[place] = _position(run[key].label, labels, other) if run[key].label else NO_LABEL
    return found


def _position(label: str, labels: dict[str, int], name: str) -> int:
    try:
        return labels[label]
    except KeyError:
        raise ResultError(
            f"{name}: label '{label}' is not in its label set ({', '.join(labels)}); run 'erckit evaluate' again."
        ) from None
