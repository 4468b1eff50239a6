"""A confusion matrix as a picture."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from erckit.evaluation.results.result import Result


def save_confusion_png(result: Result, path: str | Path) -> Path:
    """Draw the confusion matrix: colour is the share of the gold label, the figure in a cell its count.

    Args:
        result: Of one run or several; counts of several are added up.
        path: PNG file; replaced at once or not at all.

    Returns:
        The path.
    """
    import numpy as np
    from matplotlib.figure import Figure

    from erckit.evaluation.results.summary import protocol_line
    from erckit.reports.figures.save_figure import save_figure

    labels = result.label_set.labels
    counts = np.asarray(result.confusion, dtype=np.int64)  # (L, L)
    support = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, support, out=np.zeros(counts.shape), where=support > 0)

    side = max(4.2, 0.62 * len(labels) + 1.8)
    figure = Figure(figsize=(side + 1.0, side), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=max(0.01, float(share.max())))
    small = 9 if len(labels) <= 12 else 6
    for i in range(len(labels)):
        for j in range(len(labels)):
            shade = "white" if share[i, j] > 0.6 * max(0.01, float(share.max())) else "#1b2430"
            weight = "bold" if i == j else "normal"
            axes.text(j, i, f"{counts[i, j]:,}", ha="center", va="center", color=shade, fontsize=small, weight=weight)
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(length=0, labelsize=small)
    axes.set_xlabel("predicted")
    axes.set_ylabel("gold")
    score = f"{result.protocol.metric} {100 * result.metrics[result.protocol.metric]:.2f}"
    runs = "" if len(result.runs) < 2 else f", mean of {len(result.runs)} seeds; counts added up"
    protocol = textwrap.wrap(protocol_line(result), width=int(15 * side))
    figure.suptitle("\n".join([f"{result.system}: {score}{runs}", *protocol]), fontsize=8, x=0.02, ha="left")
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, fraction=0.045, pad=0.03)
    bar.set_label("share of the gold label", fontsize=8)
    bar.ax.tick_params(labelsize=7, length=2)
    bar.outline.set_visible(False)
    return save_figure(figure, path)
