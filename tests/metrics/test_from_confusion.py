"""Metrics from confusion matrices against scikit-learn on the unrolled labels."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from erckit.errors import SettingError
from erckit.metrics import METRICS, metric_from_confusion


def _scikit(gold: list[int], predicted: list[int], metric: str, labels: int, neutral: int | None) -> float:
    if metric == "accuracy":
        return float(sk.accuracy_score(gold, predicted))
    if metric == "mcc":
        return float(sk.matthews_corrcoef(gold, predicted))
    keep = [i for i in range(labels) if not (metric.endswith("no_neutral") and i == neutral)]
    return float(sk.f1_score(gold, predicted, labels=keep, average=metric.split("_")[0], zero_division=0))


@settings(max_examples=60, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=25),
    neutral=st.sampled_from([None, 0, 2]),
)
def test_equals_scikit_learn(pairs: list[tuple[int, int]], neutral: int | None) -> None:
    gold, predicted = [p[0] for p in pairs], [p[1] for p in pairs]
    confusion = np.zeros((4, 4))
    for g, p in pairs:
        confusion[g, p] += 1
    for metric in METRICS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = _scikit(gold, predicted, metric, 4, neutral)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            got = metric_from_confusion(confusion, metric, neutral)
        assert float(got) == pytest.approx(wanted, abs=1e-12), metric


def test_many_matrices_at_once() -> None:
    confusion = np.random.default_rng(0).integers(0, 9, size=(3, 5, 4, 4))
    for metric in METRICS:
        together = metric_from_confusion(confusion, metric, 1)
        assert together.shape == (3, 5)
        assert together[2, 3] == metric_from_confusion(confusion[2, 3], metric, 1)


def test_an_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(SettingError, match="Did you mean 'weighted_f1'"):
        metric_from_confusion(np.eye(2), "weigthed_f1")
