"""A matplotlib figure as a PNG file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG; the file is replaced at once or not at all, and equal figures give equal bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from erckit.storage.atomic import write_bytes

    FigureCanvasAgg(figure)  # no pyplot: nothing global is touched, no window system is needed
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    return write_bytes(path, drawn.getvalue())
