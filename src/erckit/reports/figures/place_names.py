"""Places for the names of marks: beside their own mark, off all marks, and off each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

Box = tuple[float, float, float, float]  # left, top, right, bottom
Point = tuple[float, float]

_ANGLES = 24
_STEPS = 14


def place_names(
    marks: Sequence[Point], sizes: Sequence[Point], radius: float, bounds: Box, gap: float = 4.0
) -> list[Box]:
    """A box for the name of each mark; the nearest free one, to the right before other sides.

    Args:
        marks: Centres of the marks, N of them, in px or points.
        sizes: Width and height of each name.
        radius: Of a mark.
        bounds: Where names may stand.
        gap: Least room between a mark and a name.

    Returns:
        N boxes. Where there is no free place, the one that covers least.
    """
    placed: dict[int, Box] = {}
    # Those in a crowd first: whoever stands alone finds a place anyway.
    crowd = [sum(1 / (1 + math.dist(one, other)) for other in marks) for one in marks]
    for i in sorted(range(len(marks)), key=lambda i: (-crowd[i], i)):
        others = [*placed.values()]
        best, least = bounds, math.inf
        for step in range(_STEPS):
            for box, turned in _around(marks[i], sizes[i], radius + gap * (1 + step)):
                away = gap * step + 0.6 * gap * turned  # a name on the right is read most easily
                cost = away + 1000 * _outside(box, bounds)
                if cost >= least:
                    continue
                cost += 20 * sum(_shared(box, other, gap / 2) for other in others)
                cost += 20 * sum(_shared(box, _square(mark, radius), gap / 2) for mark in marks)
                cost += 40 * sum(
                    _crosses(marks[i], _nearest(box, marks[i]), _square(mark, radius))
                    for other, mark in enumerate(marks)
                    if other != i
                )
                cost += 40 * sum(_crosses(marks[i], _nearest(box, marks[i]), other) for other in others)
                if cost < least:
                    best, least = box, cost
        placed[i] = best
    return [placed[i] for i in range(len(marks))]


def lead_end(mark: Point, box: Box) -> Point:
    """Where a line from a mark meets its name's box."""
    return _nearest(box, mark)


def _around(mark: Point, size: Point, distance: float) -> list[tuple[Box, float]]:
    """Boxes that touch a circle around the mark, and how far each is turned away from the right, 0 to 1."""
    found = []
    for number in range(_ANGLES):
        angle = 2 * math.pi * number / _ANGLES
        across, down = math.cos(angle), math.sin(angle)
        # The centre of the box lies so far off that its nearest edge or corner is on the circle.
        x = mark[0] + across * distance + size[0] / 2 * max(-1.0, min(1.0, 1.6 * across))
        y = mark[1] + down * distance + size[1] / 2 * max(-1.0, min(1.0, 1.6 * down))
        box = (x - size[0] / 2, y - size[1] / 2, x + size[0] / 2, y + size[1] / 2)
        found.append((box, (1 - across) / 2))
    return found


def _square(mark: Point, radius: float) -> Box:
    return mark[0] - radius, mark[1] - radius, mark[0] + radius, mark[1] + radius


def _shared(one: Box, other: Box, room: float) -> float:
    """Area that both cover, each widened by the room that must stay free."""
    wide = min(one[2], other[2]) - max(one[0], other[0]) + room
    high = min(one[3], other[3]) - max(one[1], other[1]) + room
    return wide * high if wide > 0 and high > 0 else 0.0


def _outside(box: Box, bounds: Box) -> float:
    return sum(max(0.0, b - a) for a, b in zip(box[:2], bounds[:2], strict=True)) + sum(
        max(0.0, a - b) for a, b in zip(box[2:], bounds[2:], strict=True)
    )


def _nearest(box: Box, point: Point) -> Point:
    return min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3])


def _crosses(start: Point, end: Point, box: Box) -> bool:
    """Whether the line between two points passes through a box."""
    low, high = 0.0, 1.0
    for axis in (0, 1):
        way = end[axis] - start[axis]
        sides = (box[axis] - start[axis], box[axis + 2] - start[axis])
        if way == 0:
            if sides[0] > 0 or sides[1] < 0:
                return False
            continue
        near, far = sorted(side / way for side in sides)
        low, high = max(low, near), min(high, far)
    return low < high
