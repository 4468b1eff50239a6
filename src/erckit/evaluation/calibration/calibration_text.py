"""A calibration summary as text for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from erckit.evaluation.results.summary import text_table

if TYPE_CHECKING:
    from erckit.evaluation.calibration.calibration_summary import (
        BinRow,
        CalibrationError,
        CalibrationSummary,
        WantedAccuracy,
    )


def calibration_lines(summary: CalibrationSummary) -> list[str]:
    """Protocol, errors before and after, reliability bins, accuracy by coverage, and thresholds; shares in percent."""
    several = len(summary.temperatures) > 1
    blocks = [
        [summary.protocol, f"system: {summary.system}"],
        _errors(summary),
        ["reliability, bins of equal width" + _counted(several), *_bins(summary.bins)],
        ["reliability, bins of about equal count" + _counted(several), *_bins(summary.equal_bins)],
        _coverages(summary, several),
        _thresholds(summary, several),
    ]
    return [line for i, block in enumerate(blocks) for line in (["", *block] if i else block)]


def _errors(summary: CalibrationSummary) -> list[str]:
    error, before = summary.error, summary.error_before
    header = ["", "before scaling" if before else "", "as they are"]
    rows = [
        ["calibration error", _percent(before.value) if before else "", _percent(error.value)],
        ["  95 % interval", _interval(before), _interval(error)],
        ["  if perfectly calibrated", _noise(before), _noise(error)],
    ]
    for name, words, scale in (
        ("brier_score", "brier score (0 to 2)", 1.0),
        ("negative_log_likelihood", "negative log-likelihood", 1.0),
    ):
        if name in summary.other:
            was = summary.other.get(f"{name}_uncalibrated")
            rows.append([words, "" if was is None else f"{scale * was:.4f}", f"{scale * summary.other[name]:.4f}"])
    lines = text_table(header, rows) if before else text_table([header[0], header[2]], [[r[0], r[2]] for r in rows])
    if before is None and summary.calibrated:
        lines.append("before temperature scaling: not in this file; run 'erckit evaluate' again to have it.")
    known = [value for value in summary.temperatures if value is not None]
    if known:
        lines.append(f"temperature, fitted on dev: {', '.join(f'{value:.3f}' for value in known)}")
    if not summary.calibrated:
        lines.append(f"the scores are not calibrated{' for these labels' if known else ''}.")
    lines.append(
        "The interval resamples conversations and takes back what noise adds, so it may lie below the error; an error "
        "no higher than a perfectly calibrated model's is noise."
    )
    return lines


def _bins(bins: Sequence[BinRow]) -> list[str]:
    rows = [
        [
            f"{100 * row.low:.1f} – {100 * row.high:.1f}",
            f"{row.count:,}",
            _percent(row.confidence),
            _percent(row.accuracy),
            f"{100 * (row.accuracy - row.confidence):+.2f}",
        ]
        for row in bins
    ]
    return text_table(["confidence", "utterances", "mean confidence", "accuracy", "difference"], rows)


def _coverages(summary: CalibrationSummary, several: bool) -> list[str]:
    rows = [
        [
            f"{100 * row.coverage:.0f} %",
            _percent(row.accuracy) + (f" ± {_percent(row.sd)}" if row.sd is not None else ""),
            f"{_percent(row.interval_95[0])} – {_percent(row.interval_95[1])}",
            f"{row.threshold:.4f}",
            *([] if row.neutral is None else [_percent(row.neutral)]),
        ]
        for row in summary.coverages
    ]
    area = _percent(summary.aurc) + (f" ± {_percent(summary.aurc_sd)}" if summary.aurc_sd is not None else "")
    over = ", mean over seeds" if several else ""
    header = ["coverage", "accuracy ± sd" if several else "accuracy", "95 % interval", "least confidence"]
    told = ""
    if summary.coverages[0].neutral is not None:
        header.append("neutral")
        told = "; neutral is the share labelled so among them"
    return [
        f"accuracy on the most confident share of utterances{over}{told}",
        *text_table(header, rows),
        f"area under the risk-coverage curve {area} (a confidence that says nothing: "
        f"{_percent(1 - summary.coverages[0].accuracy)})",
    ]


def _thresholds(summary: CalibrationSummary, several: bool) -> list[str]:
    if not summary.wanted:
        return []
    if several:
        header = ["wanted", "seed", "coverage", "utterances", "accuracy", "--min-confidence"]
        rows = [row for wanted in summary.wanted for row in _per_seed(wanted, summary.seeds)]
    else:
        header = ["wanted", "coverage", "utterances", "accuracy", "--min-confidence"]
        rows = [[row[0], *row[2:]] for wanted in summary.wanted for row in _per_seed(wanted, summary.seeds)]
    lines = [
        "largest coverage at which accuracy reaches the wanted level",
        *text_table(header, rows),
        "The last column is what 'erckit label --min-confidence' takes: utterances below it get no label.",
    ]
    if several:
        lines.append("A threshold belongs to one trained model, so each seed has its own.")
    advice = "" if summary.split == "dev" else "; take the one for use from a result on dev"
    lines.append(f"The thresholds were chosen on {summary.split} itself, so expect a little less elsewhere{advice}.")
    return lines


def _per_seed(wanted: WantedAccuracy, seeds: Sequence[int]) -> list[list[str]]:
    level = f"{100 * wanted.accuracy:g} %"
    rows = []
    for i, point in enumerate(wanted.points):
        seed = str(seeds[i]) if i < len(seeds) else "?"
        if point is None:
            rows.append([level, seed, "never", "", "", ""])
        else:
            rows.append(
                [
                    level,
                    seed,
                    f"{100 * point.coverage:.1f} %",
                    f"{point.utterances:,}",
                    _percent(point.accuracy),
                    f"{point.threshold:.4f}",
                ]
            )
    if len(rows) > 1:
        rows.append([level, "mean", f"{100 * wanted.coverage:.1f} %", "", "", ""])
    return rows


def _counted(several: bool) -> str:
    return ", counts added up over seeds" if several else ""


def _interval(error: CalibrationError | None) -> str:
    if error is None or error.interval_95 is None:
        return ""
    return f"{_percent(error.interval_95[0])} – {_percent(error.interval_95[1])}"


def _noise(error: CalibrationError | None) -> str:
    if error is None or error.by_noise is None:
        return ""
    return f"{_percent(error.by_noise[0])}, 95 % below {_percent(error.by_noise[1])}"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}"
