"""Bootstrap over conversations against a naive loop that calls scikit-learn on the same resamples."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.metrics import f1_score

from erckit.errors import ErckitError, SettingError
from erckit.labels import LabelSet
from erckit.metrics import bootstrap_interval, bootstrap_scores
from erckit.metrics.bootstrap import resample

LABELS = LabelSet(("a", "b", "neutral", "c", "never"), neutral="neutral")


def _example(seed: int, runs: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    groups = np.sort(rng.integers(0, 12, size=150))
    gold = rng.integers(0, 4, size=150)
    predicted = np.where(rng.random((runs, 150)) < 0.5, gold, rng.integers(0, 4, size=(runs, 150)))
    return gold, predicted, groups


@pytest.mark.parametrize(("metric", "average"), [("weighted_f1", "weighted"), ("macro_f1", "macro")])
def test_equals_the_naive_loop(metric: str, average: str) -> None:
    gold, predicted, groups = _example(3, runs=2)
    names = np.unique(groups)
    naive = []
    for drawn in resample(len(names), 40, seed=5):
        rows = np.concatenate([np.flatnonzero(groups == names[c]) for c in drawn])
        naive.append(
            np.mean(
                [
                    f1_score(gold[rows], run[rows], labels=range(5), average=average, zero_division=0)
                    for run in predicted
                ]
            )
        )
    fast = bootstrap_scores(gold, predicted, groups, metric, draws=40, seed=5, label_set=LABELS)
    np.testing.assert_allclose(fast, naive, atol=1e-12)
    low, high = bootstrap_interval(gold, predicted, groups, metric, draws=40, seed=5, label_set=LABELS)
    assert (low, high) == pytest.approx(tuple(np.quantile(naive, [0.025, 0.975])))


def test_conversations_not_utterances_are_drawn() -> None:
    # One conversation all right, one all wrong: a resample holds 0, 1 or 2 of the right one and nothing between.
    gold, predicted, groups = [0] * 20, [0] * 10 + [1] * 10, [0] * 10 + [1] * 10
    scores = bootstrap_scores(gold, predicted, groups, "accuracy", draws=200)
    assert set(scores.tolist()) == {0.0, 0.5, 1.0}


def test_one_run_as_a_list_equals_one_run_as_a_row() -> None:
    gold, predicted, groups = _example(1)
    flat = bootstrap_interval(gold, predicted[0], groups, "mcc", draws=100)
    assert flat == bootstrap_interval(gold, predicted, groups, "mcc", draws=100)
    assert flat[0] < flat[1]


def test_more_draws_than_fit_one_part_and_the_seed_repeat() -> None:
    gold, predicted, groups = _example(2)
    scores = bootstrap_scores(gold, predicted, groups, "accuracy", draws=777, seed=9)
    assert scores.shape == (777,)
    assert np.array_equal(scores, bootstrap_scores(gold, predicted, groups, "accuracy", draws=777, seed=9))
    assert not np.array_equal(scores, bootstrap_scores(gold, predicted, groups, "accuracy", draws=777, seed=8))


def test_a_wider_level_gives_a_wider_interval() -> None:
    gold, predicted, groups = _example(4)
    narrow = bootstrap_interval(gold, predicted, groups, "weighted_f1", level=0.5)
    wide = bootstrap_interval(gold, predicted, groups, "weighted_f1", level=0.95)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_a_test_split_of_the_usual_size_takes_no_time() -> None:
    rng = np.random.default_rng(0)
    gold, predicted = rng.integers(0, 7, size=1328), rng.integers(0, 7, size=(5, 1328))
    started = time.process_time()
    bootstrap_interval(gold, predicted, np.arange(1328) // 16, "weighted_f1")
    assert time.process_time() - started < 5


def test_wrong_input_is_an_error() -> None:
    with pytest.raises(ErckitError, match="nothing to resample"):
        bootstrap_interval([], [], [], "accuracy")
    with pytest.raises(ErckitError, match="do not match"):
        bootstrap_interval([0, 1], [0, 1], [0], "accuracy")
    with pytest.raises(ErckitError, match="outside the label set"):
        bootstrap_interval([0, -100], [0, 1], [0, 0], "accuracy")
    with pytest.raises(SettingError, match="label_set="):
        bootstrap_interval([0, 1], [0, 1], [0, 0], "macro_f1")
    with pytest.raises(SettingError, match="level"):
        bootstrap_interval([0, 1], [0, 1], [0, 0], "accuracy", level=95)
