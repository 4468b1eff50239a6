"""Reliability bins against naive loops and examples worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.errors import ErckitError, SettingError
from erckit.metrics import expected_calibration_error, reliability_bins

PAIRS = st.lists(st.tuples(st.integers(0, 20).map(lambda k: k / 20), st.booleans()), min_size=1, max_size=60)


def test_equal_width_by_hand() -> None:
    found = reliability_bins([0.1, 0.2, 0.25, 0.9, 1.0], [False, True, True, True, False], bins=4)
    assert found.counts.tolist() == [3, 0, 0, 2]  # 0.25 is the upper bound of the first bin and belongs to it
    assert found.low.tolist() == [0, 0.25, 0.5, 0.75]
    assert found.high.tolist() == [0.25, 0.5, 0.75, 1]
    assert found.accuracy[[0, 3]] == pytest.approx([2 / 3, 1 / 2])
    assert found.confidence[[0, 3]] == pytest.approx([0.55 / 3, 0.95])
    assert np.isnan(found.accuracy[1:3]).all()
    assert found.error == pytest.approx(3 / 5 * (2 / 3 - 0.55 / 3) + 2 / 5 * 0.45)


def test_equal_count_by_hand() -> None:
    found = reliability_bins([0.9, 0.1, 0.3, 0.7, 0.5, 0.2], [1, 0, 0, 1, 1, 1], bins=3, scheme="count")
    assert found.counts.tolist() == [2, 2, 2]
    assert found.low.tolist() == [0.1, 0.3, 0.7]
    assert found.high.tolist() == [0.2, 0.5, 0.9]
    assert found.accuracy.tolist() == [0.5, 0.5, 1]


def test_equal_count_never_parts_equal_confidences() -> None:
    found = reliability_bins([0.5] * 8 + [0.9, 0.95], [True] * 10, bins=5, scheme="count")
    assert found.counts.tolist() == [8, 2]  # the eight stand together; the bins they would have filled are left out
    assert found.high.tolist() == [0.5, 0.95]


@pytest.mark.parametrize("n", [10, 37, 101])
def test_equal_count_is_equal_without_ties(n: int) -> None:
    confidence = np.random.default_rng(n).permutation(np.linspace(0.1, 0.9, n))
    counts = reliability_bins(confidence, confidence > 0.5, bins=10, scheme="count").counts
    assert counts.sum() == n
    assert counts.max() - counts.min() <= 1


@given(PAIRS, st.integers(1, 17), st.sampled_from(["width", "count"]))
def test_every_utterance_is_in_the_bin_whose_bounds_hold_it(
    pairs: list[tuple[float, bool]], bins: int, scheme: str
) -> None:
    confidence, right = zip(*pairs, strict=True)
    found = reliability_bins(confidence, right, bins, scheme)
    assert found.counts.sum() == len(pairs)
    if scheme == "count":
        assert (found.counts > 0).all()
        assert (found.low[1:] > found.high[:-1]).all()
    for b in range(len(found.counts)):
        # (b / bins, (b + 1) / bins], compared as whole twentieths so that no rounding decides; 0 is in the first.
        inside = [
            (p, hit)
            for p, hit in pairs
            if (
                found.low[b] <= p <= found.high[b]
                if scheme == "count"
                else 20 * b < round(20 * p) * bins <= 20 * (b + 1) or (b == 0 and p == 0)
            )
        ]
        # Rounding may move a confidence that lies on a bound by one bin; every other must agree.
        if scheme == "count" or not any((round(20 * p) * bins) % 20 == 0 for p, _ in pairs):
            assert len(inside) == found.counts[b]
            if inside:
                assert found.accuracy[b] == pytest.approx(np.mean([hit for _, hit in inside]))
                assert found.confidence[b] == pytest.approx(np.mean([p for p, _ in inside]))


@given(PAIRS, st.randoms())
def test_the_order_of_utterances_does_not_matter(pairs: list[tuple[float, bool]], rng: object) -> None:
    mixed = list(pairs)
    rng.shuffle(mixed)  # type: ignore[attr-defined]
    for scheme in ("width", "count"):
        one, other = (reliability_bins(*zip(*each, strict=True), 7, scheme) for each in (pairs, mixed))
        assert one.counts.tolist() == other.counts.tolist()
        assert one.accuracy == pytest.approx(other.accuracy, nan_ok=True)


def test_the_error_of_equal_width_bins_is_the_expected_calibration_error() -> None:
    rng = np.random.default_rng(0)
    scores, gold = rng.dirichlet(np.ones(5), size=300), rng.integers(0, 5, size=300)
    found = reliability_bins(scores.max(axis=1), scores.argmax(axis=1) == gold, 15)
    assert found.error == pytest.approx(expected_calibration_error(scores, gold, 15))


def test_wrong_input_is_an_error() -> None:
    with pytest.raises(ErckitError, match="do not match"):
        reliability_bins([0.5, 0.6], [True])
    with pytest.raises(ErckitError, match="no utterance"):
        reliability_bins([], [])
    with pytest.raises(ErckitError, match="not logits"):
        reliability_bins([3.2], [True])
    with pytest.raises(ErckitError, match="not logits"):
        reliability_bins([float("nan")], [True])
    with pytest.raises(SettingError, match="Did you mean 'width'"):
        reliability_bins([0.5], [True], scheme="widht")
    with pytest.raises(ErckitError, match="at least 1"):
        reliability_bins([0.5], [True], bins=0)
