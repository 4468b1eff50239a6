"""Holm's correction: a worked example, and what must hold for any p-values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.errors import ErckitError
from erckit.metrics.holm import holm

P_VALUES = st.lists(st.floats(0, 1), max_size=12)


def test_worked_example() -> None:
    # The usual textbook example: at 0.05 the hypotheses 4 (0.005 < 0.05/4) and 1 (0.01 < 0.05/3) are rejected, and
    # hypothesis 3 is not (0.03 > 0.05/2), which ends the procedure although 0.04 < 0.05.
    adjusted = holm([0.01, 0.04, 0.03, 0.005])
    assert adjusted == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert [p < 0.05 for p in adjusted] == [True, False, False, True]


def test_nothing_and_one() -> None:
    assert holm([]) == []
    assert holm([0.2]) == [0.2]


@given(P_VALUES, st.sampled_from([0.01, 0.05, 0.2]))
def test_rejects_what_the_step_down_procedure_rejects(p_values: list[float], level: float) -> None:
    rejected: set[int] = set()
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[place] > level / (len(p_values) - rank) * (1 + 1e-12):
            break
        rejected.add(place)
    assert {place for place, p in enumerate(holm(p_values)) if p <= level * (1 + 1e-12)} == rejected


@given(P_VALUES)
def test_between_no_correction_and_bonferroni(p_values: list[float]) -> None:
    for raw, adjusted in zip(p_values, holm(p_values), strict=True):
        assert raw <= adjusted <= min(1, len(p_values) * raw * (1 + 1e-12))


@given(P_VALUES)
def test_keeps_the_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for i, one in enumerate(p_values):
        for j, other in enumerate(p_values):
            if one < other:
                assert adjusted[i] <= adjusted[j]


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_an_error(value: float) -> None:
    with pytest.raises(ErckitError, match=r"\[0, 1\]"):
        holm([0.5, value])
