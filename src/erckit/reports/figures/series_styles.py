"""Colour, line and marker of each system in a figure of several."""

from __future__ import annotations

from dataclasses import dataclass

from erckit.errors import ErckitError
from erckit.reports.palette import light_colour

# Neighbours differ in hue and in lightness; the marker and the line say the same without any colour.
_ORDER = ("blue", "gold", "red", "green", "pink", "sky", "brown", "violet", "olive")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "h")
_LINES = ("-", "--", "-.", ":")
MOST = len(_MARKERS) * len(_LINES)


@dataclass(frozen=True, slots=True)
class SeriesStyle:
    """How one system is drawn.

    Args:
        colour: "#rrggbb" on a light ground.
        marker: Matplotlib marker.
        line: Matplotlib line style.
    """

    colour: str
    marker: str
    line: str


def series_styles(count: int) -> list[SeriesStyle]:
    """Styles of ``count`` systems, no two of the same marker and line.

    Raises:
        ErckitError: More systems than can be told apart.
    """
    if count > MOST:
        raise ErckitError(f"{count} systems cannot be told apart in one figure; draw at most {MOST}.")
    return [
        SeriesStyle(light_colour(_ORDER[i % len(_ORDER)]), _MARKERS[i % len(_MARKERS)], _LINES[i % len(_LINES)])
        for i in range(count)
    ]
