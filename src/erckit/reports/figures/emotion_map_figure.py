"""A map of emotions as a picture."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erckit.reports.figures.place_names import lead_end, place_names
from erckit.reports.palette import label_styles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from erckit.evaluation.vectors.emotion_map import EmotionMap

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "h", "p", "d", "8")
_THIN = frozenset("PX*d")  # cover less of their square than the others
_ROUNDS = 8
_INK = "#1b2430"


def save_emotion_map_png(found: EmotionMap, path: str | Path) -> Path:
    """Draw utterances and prototypes, the prototypes alone with their names, and the distances between them.

    Colour and marker both tell the label.

    Args:
        found: The map.
        path: PNG file; replaced at once or not at all.

    Returns:
        The path.
    """
    import numpy as np
    from matplotlib.figure import Figure

    from erckit.reports.figures.save_figure import save_figure

    labels = found.label_set.labels
    styles = label_styles(labels)
    figure = Figure(figsize=(15.0, 8.6), dpi=130, layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=[1.5, 1.0], height_ratios=[1.0, 1.0])
    all_axes, near_axes = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[0, 1])
    # In rounds over all labels, so that no label lies on top of the others.
    rounds = np.random.default_rng(0).integers(0, _ROUNDS, len(found.points))
    for turn in range(_ROUNDS):
        for i, label in enumerate(labels):
            x, y = found.points[(found.gold == i) & (rounds == turn)].T
            size = 34 if _marker(i) in _THIN else 20
            all_axes.scatter(x, y, s=size, marker=_marker(i), color=styles[label].light, alpha=0.62, linewidths=0)
    for axes, size, edge in ((all_axes, 170, _INK), (near_axes, 150, "white")):
        for i, label in enumerate(labels):
            x, y = found.prototypes[i]
            name = f"{label} ({found.counts[i]:,})"
            axes.scatter(
                x, y, s=size, marker=_marker(i), color=styles[label].light, edgecolors=edge, linewidths=1.3, zorder=4,
                label=name,
            )  # fmt: skip
        axes.set_xlabel(found.axes[0], fontsize=9)
        axes.set_ylabel(found.axes[1], fontsize=9)
        axes.tick_params(labelsize=8)
        axes.grid(color="#e3e7ec", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    all_axes.set_aspect("equal", adjustable="datalim")
    all_axes.set_title(
        "utterances; large marks are the means of the labels (in brackets: utterances)", fontsize=10, loc="left"
    )
    legend = all_axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.07), ncols=min(4, len(labels)), fontsize=9, frameon=False
    )
    for handle in legend.legend_handles:
        handle.set_sizes([60])  # type: ignore[union-attr]
    near_axes.set_title("the means alone, enlarged", fontsize=10, loc="left")
    _make_room(near_axes, found.prototypes)
    _draw_distances(figure.add_subplot(grid[1, 1]), found)
    title = [f"Map of emotions: {found.title}", *textwrap.wrap(" ".join(found.facts), width=235)]
    figure.suptitle("\n".join(title), fontsize=9, x=0.01, ha="left")
    figure.draw_without_rendering()  # the layout, without which nobody knows what lies where
    figure.set_layout_engine("none")
    colours = [styles[label].light for label in labels]
    _name_points(figure, all_axes, found.prototypes, labels, colours, 170.0)
    _name_points(figure, near_axes, found.prototypes, labels, colours, 150.0)
    return save_figure(figure, path)


def _marker(number: int) -> str:
    return MARKERS[number % len(MARKERS)]


def _make_room(axes: Any, points: NDArray[Any]) -> None:
    """Limits that leave room for names around the means."""
    import numpy as np

    low, high = points.min(axis=0), points.max(axis=0)
    wide, high_span = np.maximum(high - low, 1e-9)
    axes.set_xlim(low[0] - 0.25 * wide, high[0] + 0.25 * wide)
    axes.set_ylim(low[1] - 0.2 * high_span, high[1] + 0.2 * high_span)


def _name_points(
    figure: Any, axes: Any, points: NDArray[Any], labels: Sequence[str], colours: Sequence[str], size: float
) -> None:
    """Names beside the means where they cover neither a mean nor another name; the layout must be done.

    Args:
        figure: For its resolution.
        axes: Where the means are drawn.
        points: The means, (L, 2).
        labels: Their names.
        colours: Of the lines between names and means.
        size: Area of a mark, in square points, as ``scatter`` takes it.
    """
    from matplotlib.patheffects import withStroke

    scale = figure.dpi / 72  # px per point
    marks = [(float(x), float(-y)) for x, y in axes.transData.transform(points)]  # px, down
    texts = [axes.text(0, 0, label, fontsize=9.5) for label in labels]
    sizes = [(box.width, box.height) for box in (text.get_window_extent() for text in texts)]
    for text in texts:
        text.remove()
    frame = axes.get_window_extent()
    bounds = (frame.x0 + 4, -frame.y1 + 4, frame.x1 - 4, -frame.y0 - 4)
    boxes = place_names(marks, sizes, size**0.5 / 2 * scale, bounds, gap=3 * scale)
    for i, (left, top, right, bottom) in enumerate(boxes):
        middle = ((left + right) / 2, (top + bottom) / 2)
        shift = ((middle[0] - marks[i][0]) / scale, (marks[i][1] - middle[1]) / scale)
        end = lead_end(marks[i], boxes[i])
        reach = ((end[0] - marks[i][0]) / scale, (marks[i][1] - end[1]) / scale)
        axes.annotate(
            "", points[i], reach, textcoords="offset points", zorder=3,
            arrowprops={"arrowstyle": "-", "color": colours[i], "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        axes.annotate(
            labels[i], points[i], shift, textcoords="offset points", ha="center", va="center", fontsize=9.5,
            color=_INK, zorder=6, path_effects=[withStroke(linewidth=3, foreground="white")],
        )  # fmt: skip


def _draw_distances(axes: Any, found: EmotionMap) -> None:
    labels = found.label_set.labels
    highest = float(found.distances.max()) or 1.0
    axes.imshow(found.distances, cmap="Blues", vmin=0, vmax=highest, aspect="auto")
    small = 9 if len(labels) <= 10 else 6
    for i in range(len(labels)):
        for j in range(len(labels)):
            if i != j:
                shade = "white" if found.distances[i, j] > 0.6 * highest else _INK
                axes.text(j, i, f"{found.distances[i, j]:.2f}", ha="center", va="center", color=shade, fontsize=small)
    axes.set_xticks(range(len(labels)), labels, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(length=0, labelsize=small)
    axes.spines[:].set_visible(False)
    axes.set_title("distances between the means (1.00: an utterance to its own mean)", fontsize=10, loc="left")
