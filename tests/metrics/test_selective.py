"""Risk and coverage against naive loops and examples worked by hand."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.errors import ErckitError
from erckit.metrics import OperatingPoint, area_under_risk_coverage, coverage_at_accuracy, risk_coverage_curve

PAIRS = st.lists(st.tuples(st.integers(0, 12).map(lambda k: k / 12), st.booleans()), min_size=1, max_size=40)


def test_a_curve_by_hand() -> None:
    #             most sure: right, right, wrong, right, wrong
    curve = risk_coverage_curve([0.6, 0.9, 0.5, 0.8, 0.7], [True, True, False, True, False])
    assert curve.thresholds.tolist() == [0.9, 0.8, 0.7, 0.6, 0.5]
    assert curve.coverage.tolist() == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert curve.risk == pytest.approx([0, 0, 1 / 3, 1 / 4, 2 / 5])
    assert curve.area == pytest.approx((0 + 0 + 1 / 3 + 1 / 4 + 2 / 5) / 5)
    # At 60 % coverage accuracy is 2/3, at 80 % it is 3/4 again: the largest coverage counts.
    assert curve.point_at_accuracy(0.7) == OperatingPoint(0.8, 0.6, 0.75, 4)
    assert curve.point_at_accuracy(0.6) == OperatingPoint(1.0, 0.5, 0.6, 5)
    assert curve.point_at_accuracy(0.76) == OperatingPoint(0.4, 0.8, 1.0, 2)
    assert curve.threshold_at(0.4) == 0.8
    assert curve.threshold_at(0.41) == 0.7


def test_ties_stay_together() -> None:
    curve = risk_coverage_curve([0.9, 0.5, 0.5, 0.5], [True, True, False, False])
    assert curve.kept.tolist() == [1, 4]
    assert curve.errors.tolist() == [0, 2]
    # 3 of 4 right would need two of the three equal ones, which no threshold can give.
    assert curve.point_at_accuracy(0.7) == OperatingPoint(0.25, 0.9, 1.0, 1)


def test_never_is_none() -> None:
    assert coverage_at_accuracy([0.9, 0.8], [False, True], 0.6) is None
    assert coverage_at_accuracy([0.9, 0.8], [False, False], 0.1) is None
    point = coverage_at_accuracy([0.9, 0.8], [False, False], 0.0)
    assert point is not None
    assert point.coverage == 1


@given(PAIRS, st.sampled_from([0.0, 0.25, 0.5, 0.6, 0.75, 0.9, 1.0]))
def test_the_point_is_the_best_of_all_thresholds(pairs: list[tuple[float, bool]], level: float) -> None:
    confidence, right = zip(*pairs, strict=True)
    wanted = None
    for threshold in sorted(set(confidence)):
        kept = [hit for p, hit in pairs if p >= threshold]
        if sum(kept) >= level * len(kept) - 1e-9 and (wanted is None or len(kept) > wanted[1]):
            wanted = (threshold, len(kept), sum(kept) / len(kept))
    found = coverage_at_accuracy(confidence, right, level)
    if wanted is None:
        assert found is None
    else:
        assert found == OperatingPoint(wanted[1] / len(pairs), wanted[0], wanted[2], wanted[1])


@given(PAIRS)
def test_the_area_is_the_mean_over_random_orders_of_ties(pairs: list[tuple[float, bool]]) -> None:
    """Expected errors among k of a group of equals, from the group's share of errors, one utterance at a time."""
    total = errors = 0.0
    ranked = sorted(pairs, key=lambda pair: -pair[0])
    for _, group in itertools.groupby(ranked, key=lambda pair: pair[0]):
        members = list(group)
        share = sum(not hit for _, hit in members) / len(members)
        for _ in members:
            errors += share
            total += 1
            pairs_seen = total
            if total == 1:
                area = 0.0
            area += errors / pairs_seen
    assert area_under_risk_coverage(*zip(*pairs, strict=True)) == pytest.approx(area / len(pairs))


def test_ties_are_what_random_orders_give_on_average() -> None:
    confidence, right = [0.9, 0.5, 0.5, 0.5, 0.2], [False, True, True, False, True]
    rng, areas = random.Random(0), []
    for _ in range(4000):
        order = sorted(range(5), key=lambda i: (-confidence[i], rng.random()))
        wrong = np.cumsum([not right[i] for i in order])
        areas.append((wrong / np.arange(1, 6)).mean())
    assert area_under_risk_coverage(confidence, right) == pytest.approx(np.mean(areas), abs=0.003)


@given(PAIRS, st.randoms())
def test_neither_order_nor_scale_of_confidence_matters(pairs: list[tuple[float, bool]], rng: object) -> None:
    mixed = list(pairs)
    rng.shuffle(mixed)  # type: ignore[attr-defined]
    area = area_under_risk_coverage(*zip(*pairs, strict=True))
    assert area_under_risk_coverage(*zip(*mixed, strict=True)) == pytest.approx(area)
    squared = [(p**2, hit) for p, hit in pairs]
    assert area_under_risk_coverage(*zip(*squared, strict=True)) == pytest.approx(area)
    assert 0 <= area <= 1


@given(PAIRS)
def test_all_coverage_is_plain_accuracy(pairs: list[tuple[float, bool]]) -> None:
    confidence, right = zip(*pairs, strict=True)
    curve = risk_coverage_curve(confidence, right)
    assert curve.risk_at(1.0) == pytest.approx(1 - np.mean(right))
    assert curve.risk_at(curve.coverage) == pytest.approx(curve.risk)
    assert curve.threshold_at(1.0) == min(confidence)


def test_a_confidence_that_says_nothing_has_the_risk_of_all() -> None:
    assert area_under_risk_coverage([0.4] * 10, [True] * 3 + [False] * 7) == pytest.approx(0.7)


def test_wrong_input_is_an_error() -> None:
    with pytest.raises(ErckitError, match=r"0\.6 means 60 %"):
        coverage_at_accuracy([0.5], [True], 60)
    with pytest.raises(ErckitError, match="coverage"):
        risk_coverage_curve([0.5], [True]).risk_at(0.0)
    with pytest.raises(ErckitError, match="no utterance"):
        risk_coverage_curve([], [])
