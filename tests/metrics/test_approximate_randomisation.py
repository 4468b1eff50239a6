"""Approximate randomisation against scipy's exact permutation test and a naive loop."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.stats import permutation_test
from sklearn.metrics import f1_score

from erckit.errors import ErckitError
from erckit.metrics.approximate_randomisation import SwappedPair, approximate_randomisation, randomisation_p_values
from erckit.metrics.conversation_counts import conversation_counts


def _macro(gold: np.ndarray, predicted: np.ndarray) -> float:
    """As scikit-learn's, of five classes, in a hundredth of its time: it is asked a thousand times."""
    true = np.bincount(gold[gold == predicted], minlength=5)
    counted = np.bincount(gold, minlength=5) + np.bincount(predicted, minlength=5)
    return float((2 * true / np.maximum(counted, 1)).mean())


def test_the_quick_score_is_that_of_scikit_learn() -> None:
    gold, predicted = np.random.default_rng(3).integers(4, size=(2, 30))  # the fifth class does not occur
    wanted = f1_score(gold, predicted, labels=range(5), average="macro", zero_division=0)
    assert _macro(gold, predicted) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(("seed", "gain"), [(1, 0.0), (2, 0.15)])
def test_agrees_with_scipy_over_all_swaps(two_systems: Any, seed: int, gain: float) -> None:
    made = two_systems(seed, runs=(1, 1), conversations=7, size=70, gain=gain)
    names = np.unique(made.groups)

    def difference(first: np.ndarray, second: np.ndarray) -> float:
        # scipy permutes numbers: 0 to 6 stand for the first system's conversations, 7 to 13 for the second's.
        def predictions(places: np.ndarray) -> np.ndarray:
            made_of = made.gold.copy()
            for conversation, place in enumerate(places.astype(int)):
                here = made.groups == names[conversation]
                made_of[here] = (made.first if place < 7 else made.second)[0][here]
            return made_of

        return _macro(made.gold, predictions(first)) - _macro(made.gold, predictions(second))

    exact = permutation_test(
        (np.arange(7), np.arange(7, 14)),
        difference,
        permutation_type="samples",
        vectorized=False,
        n_resamples=10_000,
        alternative="two-sided",
    )
    p = approximate_randomisation(
        made.gold, made.first, made.second, made.groups, "macro_f1", draws=8000, label_set=made.label_set
    )
    assert p == pytest.approx(float(exact.pvalue), abs=0.02)
    assert 0.02 < p


@pytest.mark.parametrize(("runs", "same_seeds"), [((2, 2), True), ((2, 2), False), ((3, 1), False)])
def test_all_seeds_of_a_conversation_are_swapped_together(
    two_systems: Any, runs: tuple[int, int], same_seeds: bool
) -> None:
    made = two_systems(4, runs, conversations=6, size=60, gain=0.1)
    partners = [(i, i) for i in range(2)] if same_seeds else list(product(range(runs[0]), range(runs[1])))
    names = np.unique(made.groups)
    differences = []
    for heads in product([False, True], repeat=6):
        swap = np.isin(made.groups, names[list(heads)])
        differences.append(
            np.mean(
                [
                    _macro(made.gold, np.where(swap, made.second[j], made.first[i]))
                    - _macro(made.gold, np.where(swap, made.first[i], made.second[j]))
                    for i, j in partners
                ]
            )
        )
    exact = np.mean(np.abs(differences) >= abs(differences[0]) - 1e-12)
    p = approximate_randomisation(
        made.gold,
        made.first,
        made.second,
        made.groups,
        "macro_f1",
        draws=8000,
        label_set=made.label_set,
        same_seeds=same_seeds,
    )
    assert p == pytest.approx(exact, abs=0.02)


def test_a_table_of_pairs_equals_the_pairs_one_by_one(two_systems: Any) -> None:
    made = two_systems(5, gain=0.1)
    third = made.gold[None].copy()
    systems = [conversation_counts(made.gold, p, made.groups, "mcc") for p in (made.first, made.second, third)]
    pairs = [SwappedPair(0, 1, True), SwappedPair(2, 0), SwappedPair(1, 2)]
    found = randomisation_p_values(systems, pairs, "mcc", draws=300, seed=7)
    assert found == [
        approximate_randomisation(made.gold, a, b, made.groups, "mcc", draws=300, seed=7, same_seeds=same)
        for a, b, same in ((made.first, made.second, True), (third, made.first, False), (made.second, third, False))
    ]
    assert found[1] == pytest.approx(1 / 301)


def test_a_system_does_not_differ_from_itself(two_systems: Any) -> None:
    made = two_systems(6)
    for same_seeds in (True, False):
        assert (
            approximate_randomisation(
                made.gold, made.first, made.first, made.groups, "weighted_f1", draws=100, same_seeds=same_seeds
            )
            == 1
        )


def test_type_one_error_is_about_five_percent_only_when_conversations_are_swapped() -> None:
    rng = np.random.default_rng(12)
    by_conversation, by_utterance, trials = 0, 0, 400
    groups = np.repeat(np.arange(50), 8)
    gold = np.zeros(400, dtype=int)
    for trial in range(trials):
        # Each conversation suits one of the systems, so its utterances are right or wrong together.
        first, second = (
            (rng.random(400) > 0.5 + np.repeat(rng.choice([-0.4, 0.4], 50), 8)).astype(int) for _ in range(2)
        )
        args = (gold, first, second)
        by_conversation += approximate_randomisation(*args, groups, "accuracy", draws=199, seed=trial) <= 0.05
        if trial < 100:
            by_utterance += approximate_randomisation(*args, np.arange(400), "accuracy", draws=199, seed=trial) <= 0.05
    assert 0.025 < by_conversation / trials < 0.085
    assert by_utterance / 100 > 0.2


def test_wrong_input_is_an_error(two_systems: Any) -> None:
    made = two_systems(8, runs=(3, 2))
    with pytest.raises(ErckitError, match="nothing to swap"):
        approximate_randomisation(made.gold, made.first, made.second, made.groups, "accuracy", draws=0)
    with pytest.raises(ErckitError, match="cannot have the same seeds"):
        approximate_randomisation(made.gold, made.first, made.second, made.groups, "accuracy", same_seeds=True)
