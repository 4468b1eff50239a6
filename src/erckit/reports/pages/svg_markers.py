"""Marks of different shape as SVG paths."""

from __future__ import annotations

import math


def _polygon(corners: int, turn: float = 0.0, inner: float = 1.0) -> str:
    count = corners if inner == 1.0 else 2 * corners
    points = []
    for i in range(count):
        radius = inner if inner != 1.0 and i % 2 else 1.0
        angle = 2 * math.pi * i / count - math.pi / 2 + turn
        points.append(f"{radius * math.cos(angle):.3f} {radius * math.sin(angle):.3f}")
    return f"M{'L'.join(points)}z"


_ARM = 0.36
_PLUS = (
    f"M{-_ARM} -1L{_ARM} -1L{_ARM} {-_ARM}L1 {-_ARM}L1 {_ARM}L{_ARM} {_ARM}L{_ARM} 1L{-_ARM} 1L{-_ARM} {_ARM}L-1 {_ARM}"
    f"L-1 {-_ARM}L{-_ARM} {-_ARM}z"
)
_CROSS = "M-.95 -.5L-.5 -.95L0 -.45L.5 -.95L.95 -.5L.45 0L.95 .5L.5 .95L0 .45L-.5 .95L-.95 .5L-.45 0z"
# In a square from -1 to 1; the order is that of the markers in pictures.
MARKERS = (
    "M-.9 0a.9 .9 0 1 0 1.8 0a.9 .9 0 1 0 -1.8 0z",
    "M-.8 -.8L.8 -.8L.8 .8L-.8 .8z",
    _polygon(3),
    _polygon(4),
    _polygon(3, math.pi),
    _PLUS,
    _CROSS,
    _polygon(3, -math.pi / 2),
    _polygon(3, math.pi / 2),
    _polygon(5, inner=0.42),
    _polygon(6),
    _polygon(5),
    "M0 -1L.55 0L0 1L-.55 0z",
    _polygon(8),
)


def marker_path(number: int) -> str:
    """Path of a mark in the square from -1 to 1; numbers beyond the last begin anew."""
    return MARKERS[number % len(MARKERS)]
