"""A reliability diagram: confidence against accuracy, before and after temperature scaling."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erckit.reports.palette import light_colour

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from erckit.evaluation.calibration.calibration_summary import CalibrationError
    from erckit.evaluation.calibration.confidence_table import ConfidenceTable
    from erckit.evaluation.results.result import Result

_FEW = 20  # utterances per run below which a bin says little


def save_reliability_png(result: Result, path: str | Path, draws: int = 1000) -> Path:
    """Draw how often labels of each confidence are right, with the number of utterances below.

    Bins are the 15 equal-width ones of the calibration error. Bars are 95 % intervals over conversations; bins of
    fewer than 20 utterances are hollow and have none. Counts of several seeds are added up. Without the scores before
    temperature scaling there is one panel instead of two.

    Args:
        result: Of one run or several, with its predictions.
        path: PNG file; replaced at once or not at all.
        draws: Bootstrap resamples.

    Returns:
        The path.

    Raises:
        ResultError: The result holds no scores of single utterances.
    """
    from matplotlib.figure import Figure

    from erckit.evaluation.calibration.calibration_summary import summarize_calibration
    from erckit.evaluation.calibration.confidence_table import confidence_table
    from erckit.reports.figures.save_figure import save_figure

    table = confidence_table(result)
    summary = summarize_calibration(result, (), draws)
    as_is = "calibrated on dev" if summary.calibrated else "as the model gives them"
    panels: list[tuple[str, NDArray[np.float64], CalibrationError]] = [(as_is, table.confidence, summary.error)]
    if table.before is not None and summary.error_before is not None:
        panels.insert(0, ("before temperature scaling", table.before, summary.error_before))
    width = 4.3 * len(panels) + 0.7
    figure = Figure(figsize=(width, 6.4), dpi=150, layout="constrained")
    axes = figure.subplots(2, len(panels), sharex=True, squeeze=False, height_ratios=[4, 1])
    highest = 0.0
    for column, (title, confidence, error) in enumerate(panels):
        share = _panel(axes[:, column], title, confidence, table, error, draws)
        highest = max(highest, share)
    for column in range(len(panels)):
        axes[1, column].set_ylim(0, 1.12 * highest)
    axes[0, 0].set_ylabel("accuracy: right labels, %")
    axes[1, 0].set_ylabel("utterances, %")
    axes[0, -1].legend(loc="lower right", fontsize=8, frameon=False, reverse=True)
    several = len(result.runs) > 1
    runs = f"; {len(result.runs)} seeds, counts added up, error is their mean" if several else ""
    lines = textwrap.wrap(f"{result.system}: reliability{runs}", width=int(15 * width))
    figure.suptitle(
        "\n".join([*lines, *textwrap.wrap(summary.protocol, width=int(15 * width))]), fontsize=9, x=0.02, ha="left"
    )
    return save_figure(figure, path)


def _panel(
    axes: Any,
    title: str,
    confidence: NDArray[np.float64],
    table: ConfidenceTable,
    error: CalibrationError,
    draws: int,
) -> float:
    """Draw one panel and return the height of its highest column of utterances, in percent."""
    import numpy as np

    from erckit.evaluation.calibration.calibration_summary import BINS
    from erckit.metrics import reliability_bins
    from erckit.metrics.confidence_bootstrap import ConfidenceBootstrap

    upper, lower = axes
    bins = reliability_bins(confidence.ravel(), table.right.ravel(), BINS)
    drawn = ConfidenceBootstrap(confidence, table.right, table.conversations, draws).bin_accuracy(BINS)
    blue, ink = light_colour("blue"), "#1b2430"
    upper.plot([0, 100], [0, 100], color="#6b7480", linestyle="--", linewidth=1.2, label="perfectly calibrated")
    many = bins.counts >= _FEW * len(confidence)
    few = (bins.counts > 0) & ~many
    x, y = 100 * bins.confidence, 100 * bins.accuracy
    if many.any():
        bounds = 100 * np.nanquantile(drawn[:, many], [0.025, 0.975], axis=0)
        upper.errorbar(
            x[many],
            y[many],
            yerr=np.maximum(0, [y[many] - bounds[0], bounds[1] - y[many]]),
            color=blue,
            marker="o",
            markersize=6,
            linewidth=1.6,
            elinewidth=1.2,
            capsize=3,
            label="measured, 95 % interval",
        )
    if few.any():
        upper.plot(
            x[few], y[few], color=blue, marker="o", markersize=6, linestyle="", fillstyle="none", clip_on=False,
            label=f"fewer than {_FEW} utterances" + (" a seed" if len(confidence) > 1 else ""),
        )  # fmt: skip
    upper.set_xlim(0, 100)
    upper.set_ylim(0, 100)
    upper.set_title(title, fontsize=10)
    words = f"calibration error {100 * error.value:.1f} %"
    if error.interval_95 is not None and error.by_noise is not None:
        low, high = error.interval_95
        words += f"\n95 % interval {100 * low:.1f} – {100 * high:.1f} %"
        words += f"\nif perfectly calibrated: {100 * error.by_noise[0]:.1f} %"
    upper.text(0.04, 0.96, words, transform=upper.transAxes, va="top", fontsize=9, color=ink)
    heights = 100 * bins.counts / bins.counts.sum()
    lower.bar(100 * bins.low, heights, width=100 / BINS, align="edge", color=blue, alpha=0.75, edgecolor="white")
    lower.set_xlabel("confidence: score of the predicted label, %")
    for part in (upper, lower):
        part.grid(color="#d9dee5", linewidth=0.6)
        part.set_axisbelow(True)
        part.tick_params(labelsize=9)
        part.spines[["top", "right"]].set_visible(False)
    return float(heights.max())
