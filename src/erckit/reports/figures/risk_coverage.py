"""Risk-coverage curves of one system or several in one figure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from erckit.errors import ResultError

if TYPE_CHECKING:
    from erckit.evaluation.results.result import Result

_FIRST = 50  # utterances; of fewer, the share of wrong ones jumps about
_POINTS = 200
_INSIDE = 5  # systems whose legend fits into the axes


def save_risk_coverage_png(
    results: Sequence[Result], path: str | Path, names: Sequence[str] | None = None, draws: int = 1000
) -> Path:
    """Draw the share of wrong labels among the most confident utterances, for every share of utterances.

    Curves of several seeds are averaged at each coverage. The legend is sorted by the area under the curve. A single
    system gets a band, the 95 % interval over conversations.

    Args:
        results: At least one, all of one protocol, with their predictions.
        path: PNG file; replaced at once or not at all.
        names: One per result for the legend; None takes the names of the systems.
        draws: Bootstrap resamples of the band.

    Returns:
        The path.

    Raises:
        ResultError: No result, results of different protocols, names that do not fit, or no scores.
        ErckitError: More systems than can be told apart.
    """
    import numpy as np
    from matplotlib.figure import Figure

    from erckit.evaluation.calibration.confidence_table import confidence_table
    from erckit.metrics import risk_coverage_curve
    from erckit.metrics.confidence_bootstrap import ConfidenceBootstrap
    from erckit.reports.figures.save_figure import save_figure
    from erckit.reports.figures.series_styles import series_styles

    shown = list(names) if names is not None else [result.system for result in results]
    _check(results, shown)
    tables = [confidence_table(result) for result in results]
    first = min(1.0, _FIRST / tables[0].confidence.shape[1])
    grid = np.linspace(first, 1, _POINTS)
    curves = [
        [risk_coverage_curve(p, hit) for p, hit in zip(table.confidence, table.right, strict=True)] for table in tables
    ]
    areas = [float(np.mean([curve.area for curve in runs])) for runs in curves]

    many = len(results) > _INSIDE
    figure = Figure(figsize=(7.6, 5.6 + (0.12 * len(results) if many else 0)), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    styles = series_styles(len(results))
    highest = 0.0
    for i in sorted(range(len(results)), key=lambda i: areas[i]):
        risk = 100 * np.mean([curve.risk_at(grid) for curve in curves[i]], axis=0)
        seeds = f"{len(curves[i])} seeds" if len(curves[i]) > 1 else "1 seed"
        axes.plot(
            100 * grid,
            risk,
            color=styles[i].colour,
            linestyle=styles[i].line,
            marker=styles[i].marker,
            # Markers of systems stand at different places, so that none hides another.
            markevery=(i * _POINTS // (8 * len(results)), _POINTS // 8),
            markersize=6,
            linewidth=1.8,
            label=f"{shown[i]} ({seeds}): area {100 * areas[i]:.1f} %",
        )
        highest = max(highest, float(risk.max()))
    if len(results) == 1:
        table = tables[0]
        boot = ConfidenceBootstrap(table.confidence, table.right, table.conversations, draws)
        low, high = 100 * np.quantile(boot.risk(grid), [0.025, 0.975], axis=0)
        axes.fill_between(100 * grid, low, high, color=styles[0].colour, alpha=0.15, linewidth=0, label="95 % interval")
        highest = max(highest, float(high.max()))
    axes.set_xlim(0, 101)
    axes.set_ylim(0, min(100.0, 1.08 * highest + 1))
    axes.set_xlabel("coverage: utterances that keep their label, most confident first, %")
    axes.set_ylabel("risk: wrong labels among them, %")
    axes.grid(color="#d9dee5", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    # A risk-coverage curve rises to the right, so the lower right corner is free, but not for a long list.
    if many:
        figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    else:
        axes.legend(loc="lower right", fontsize=9, frameon=False)
    figure.suptitle(
        "\n".join(textwrap.wrap(f"Risk and coverage · {_caption(results)}", width=104)), fontsize=9, x=0.02, ha="left"
    )
    return save_figure(figure, path)


def _check(results: Sequence[Result], names: Sequence[str]) -> None:
    if not results:
        raise ResultError("there is no result to draw; give at least one.")
    if len(names) != len(results):
        raise ResultError(f"{len(results)} results need as many names, got {len(names)}.")
    first = results[0].protocol
    for result in results[1:]:
        other = result.protocol
        if (other.name, other.mapping, other.utterances) != (first.name, first.mapping, first.utterances):
            raise ResultError(
                f"results of '{first.name}' ({first.utterances:,} utterances) and '{other.name}' "
                f"({other.utterances:,}) do not belong in one figure; draw results of one protocol."
            )


def _caption(results: Sequence[Result]) -> str:
    """The protocol line of one result, or of several what they have in common."""
    from erckit.evaluation.results.summary import protocol_line

    if len(results) == 1:
        return protocol_line(results[0])
    p = results[0].protocol
    causal = {result.protocol.causal for result in results}
    memory = {result.protocol.memory for result in results}
    parts = [
        p.name,
        f"{p.conversations:,} conversations, {p.utterances:,} utterances",
        *([f"mapped to {p.mapping}"] if p.mapping else []),
        f"selected on {', '.join(sorted({result.protocol.selection for result in results}))}",
        ("causal" if causal == {True} else "not causal") if len(causal) == 1 else "some causal, some not",
        f"memory: {memory.pop()}" if len(memory) == 1 else "memory differs",
    ]
    return " · ".join(parts)
