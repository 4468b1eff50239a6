"""Predictions that name no label against scikit-learn with a class of their own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

from erckit.labels import LabelSet
from erckit.metrics import METRICS, NO_LABEL, approximate_randomisation, bootstrap_interval, classification_report
from erckit.metrics.conversation_counts import conversation_counts

LABELS = LabelSet(("a", "b", "calm", "d"), neutral="calm")
PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(NO_LABEL, 3)), min_size=1, max_size=40)


def _expected(gold: list[int], said: list[int], metric: str) -> float:
    others = [4 if answer == NO_LABEL else answer for answer in said]
    every, emotional = [0, 1, 2, 3], [0, 1, 3]
    if metric == "accuracy":
        return float(accuracy_score(gold, others))
    if metric == "mcc":
        return float(matthews_corrcoef(gold, others))
    labels = emotional if metric.endswith("no_neutral") else every
    return float(f1_score(gold, others, labels=labels, average=metric.partition("_")[0], zero_division=0))


@pytest.mark.filterwarnings("ignore:A single label")
@settings(max_examples=30)
@given(PAIRS)
def test_as_a_class_of_its_own_that_no_average_runs_over(pairs: list[tuple[int, int]]) -> None:
    gold, said = [one for one, _ in pairs], [other for _, other in pairs]
    report = classification_report(gold, said, LABELS)
    for metric in METRICS:
        expected = _expected(gold, said, metric)
        assert getattr(report, metric) == pytest.approx(expected)
        counts = conversation_counts(gold, said, [0] * len(gold), metric, LABELS)
        assert counts.scores(metric)[0] == pytest.approx(expected)
    assert sum(map(sum, report.confusion)) == len(said) - said.count(NO_LABEL)
    assert sum(one.predicted for one in report.per_class.values()) == len(said) - said.count(NO_LABEL)
    assert sum(one.support for one in report.per_class.values()) == len(said)


def test_intervals_and_comparisons_take_them() -> None:
    rng = np.random.default_rng(1)
    gold, groups = rng.integers(0, 4, size=200), np.arange(200) // 10
    right, silent = gold.copy(), np.full(200, NO_LABEL)
    half = np.where(rng.random(200) < 0.5, right, silent)
    low, high = bootstrap_interval(gold.tolist(), half, groups.tolist(), "accuracy", draws=200)
    assert low < float((half == gold).mean()) < high
    assert bootstrap_interval(gold.tolist(), silent, groups.tolist(), "macro_f1", 50, label_set=LABELS) == (0.0, 0.0)
    p_value = approximate_randomisation(gold.tolist(), half, silent, groups.tolist(), "macro_f1", 200, label_set=LABELS)
    assert p_value < 0.02
