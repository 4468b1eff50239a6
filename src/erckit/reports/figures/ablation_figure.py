"""The picture of an ablation: a dot per row with its interval, and the seeds."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from erckit.evaluation.ablation.ablation_result import Ablation

# Two colours of Okabe & Ito that colour-blind readers tell apart, as dark as print needs; shapes differ, too.
_BLUE, _ORANGE, _INK, _GREY = "#0072b2", "#d55e00", "#1b2430", "#8a919b"
_DASHED = (0, (4, 3))


def save_ablation_png(ablation: Ablation, path: str | Path) -> Path:
    """Draw the rows from top to bottom: mean, 95 % interval and the score of every seed.

    Rows that can be told from the first one (``*`` in the table) are orange diamonds, the others blue dots.

    Args:
        ablation: With a result for at least one row; rows without are left out.
        path: PNG file; replaced at once or not at all.

    Returns:
        The path.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from erckit.evaluation.ablation.ablation_result import seed_scores
    from erckit.reports.figures.save_figure import save_figure

    metric, measured = ablation.metric, ablation.measured
    first = measured[0][1]
    several = len(first.runs) > 1
    names = [textwrap.fill(outcome.row.name, 34) for outcome, _ in measured]
    figure = Figure(figsize=(8.4, 1.9 + 0.44 * len(measured)), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    if measured[0][0].row is ablation.plan.rows[0]:
        axes.axvline(100 * first.metrics[metric], color=_GREY, linewidth=1, linestyle=_DASHED, zorder=0)
    for y, (outcome, result) in enumerate(measured):
        mean = 100 * result.metrics[metric]
        low, high = (100 * bound for bound in result.metrics["interval_95"][metric])
        differs = outcome.is_told_apart(outcome.to_base)
        colour, shape = (_ORANGE, "D") if differs else (_BLUE, "o")
        axes.plot([low, high], [y, y], color=colour, linewidth=2, solid_capstyle="butt", zorder=2)
        axes.plot([mean], [y], shape, color=colour, markersize=7.5, markeredgecolor="white", zorder=4)
        if several:
            scores = [100 * score for score in seed_scores(result, metric)]
            # Below the line, so that neither the interval nor the mean hides a seed.
            axes.plot(scores, [y + 0.25] * len(scores), "o", color=_GREY, markersize=3.2, alpha=0.9, zorder=3)
        axes.annotate(
            f"{mean:.2f}", (1, y), xycoords=("axes fraction", "data"), xytext=(5, 0), textcoords="offset points",
            va="center", fontsize=8, color=_INK,
        )  # fmt: skip
    axes.set_yticks(range(len(measured)), names, fontsize=8)
    axes.set_ylim(len(measured) - 0.4, -0.6)
    axes.set_xlabel(f"{metric} in percent on {first.protocol.name}", fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e3e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.suptitle(ablation.plan.title, fontsize=10, weight="bold", x=0.01, ha="left")
    about = [*textwrap.wrap(ablation.protocol_line(), 112), *textwrap.wrap(ablation.plan.common_line(), 112)]
    axes.set_title("\n".join(about), fontsize=7, color="#4a5260", loc="left", x=0)
    base = ablation.plan.rows[0].name
    marks = [
        Line2D([], [], color=_BLUE, marker="o", linewidth=2, label="mean and 95 % interval"),
        Line2D([], [], color=_ORANGE, marker="D", linewidth=2, label=f"the same, told apart from {base}"),
        Line2D([], [], color=_GREY, linewidth=1, linestyle=_DASHED, label=base),
    ]
    if several:
        marks.append(Line2D([], [], color=_GREY, marker="o", markersize=3.2, linewidth=0, label="one seed"))
    figure.legend(handles=marks, loc="outside lower left", ncols=4, fontsize=7.5, frameon=False)
    return save_figure(figure, path)
