"""Names stand off all marks and off each other, beside their own."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from erckit.reports.figures.place_names import lead_end, place_names

BOUNDS = (0.0, 0.0, 900.0, 640.0)
_POINT = st.tuples(st.floats(150, 750), st.floats(100, 540))


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(_POINT, st.floats(20, 120)), min_size=1, max_size=7))
def test_names_cover_nothing(drawn: list[tuple[tuple[float, float], float]]) -> None:
    marks, sizes = [mark for mark, _ in drawn], [(wide, 19.0) for _, wide in drawn]
    boxes = place_names(marks, sizes, 9.0, BOUNDS)
    for i, box in enumerate(boxes):
        assert math.isclose(box[2] - box[0], sizes[i][0], abs_tol=1e-6)
        assert box[0] >= 0
        assert box[2] <= 900
        assert not any(_overlap(box, other) for other in boxes[:i])
        assert not any(_overlap(box, (x - 9, y - 9, x + 9, y + 9)) for x, y in marks)
        assert math.dist(marks[i], lead_end(marks[i], box)) < 100  # it stands beside its mark


def test_one_alone_has_its_name_on_the_right() -> None:
    ((left, top, _, bottom),) = place_names([(400.0, 300.0)], [(60.0, 19.0)], 9.0, BOUNDS)
    assert 409 <= left <= 420
    assert (top + bottom) / 2 == 300


def test_at_the_edge_a_name_turns_inwards() -> None:
    ((left, _, right, _),) = place_names([(890.0, 300.0)], [(100.0, 19.0)], 9.0, BOUNDS)
    assert right <= 900
    assert left < 890
