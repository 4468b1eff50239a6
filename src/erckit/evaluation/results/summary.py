"""A result as text for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from erckit.evaluation.results.result import Result
from erckit.evaluation.results.selection import TOO_HIGH, is_scored_where_selected, training_words

_NAMES = ("weighted_f1", "macro_f1", "macro_f1_no_neutral", "micro_f1_no_neutral", "accuracy", "mcc")


def protocol_line(result: Result) -> str:
    """What was measured on what, in one line; stands before every printed score."""
    p = result.protocol
    parts = [
        p.name,
        f"{_count(p.conversations, 'conversation')}, {_count(p.utterances, 'utterance')}",
        p.metric,
        *training_words(p.selection, result.seeds),
        "causal" if p.causal else "not causal (later utterances are seen)",
        f"memory: {p.memory}",
    ]
    if p.answers:
        parts.append(f"answers {p.answers}")
    if p.mapping:
        parts.append(_mapped(result))
    if p.known_labels:
        parts.append("each utterance among the labels of its own corpus")
    return " · ".join(parts)


def format_result(result: Result) -> str:
    """All scores as text: protocol line, scores with spread and interval, per-class table, confusion matrix.

    Args:
        result: Of one run or of several.

    Returns:
        Lines joined by newlines; F1, accuracy, precision and recall in percent with two decimals, mcc in [-100, 100].
    """
    several = len(result.runs) > 1
    head = [protocol_line(result)]
    if is_scored_where_selected(result.protocol):
        head.append(TOO_HIGH)
    head.append(f"system: {result.system}")
    blocks = ["\n".join(head), _scores(result, several), _classes(result, several)]
    if several:
        blocks.append(_runs(result))
    blocks.append(_confusion(result, several))
    return "\n\n".join(blocks)


def _mapped(result: Result) -> str:
    p = result.protocol
    labelled = _count(p.utterances + p.left_out, "utterance")
    left_out = f" ({p.left_out:,} of {labelled} left out: gold label is none of these)" if p.left_out else ""
    return f"mapped to {p.mapping}: {', '.join(result.label_set.labels)}{left_out}"


def _scores(result: Result, several: bool) -> str:
    header = ["", "mean ± sd" if several else "score", "95 % interval"]
    names = [result.protocol.metric, *(name for name in _NAMES if name != result.protocol.metric)]
    rows = []
    for name in names:
        low, high = result.metrics["interval_95"][name]
        score = _percent(result.metrics[name])
        rows.append(
            [
                name,
                f"{score} ± {_percent(result.sd[name])}" if several else score,
                f"{_percent(low)} – {_percent(high)}",
            ]
        )
    lines = text_table(header, rows)
    lines += ["", ("± is the sd over seeds; " if several else "") + "intervals by bootstrap over conversations"]
    if "unparsed_rate" in result.metrics:
        lines += ["", _unparsed(result)]
    if "expected_calibration_error" in result.metrics:
        state = f"calibrated on {result.protocol.selection}" if result.metrics.get("calibrated") else "not calibrated"
        before = result.metrics.get("expected_calibration_error_uncalibrated")
        was = "" if before is None else f", {_percent(before)} before temperature scaling"
        if was and result.protocol.mapping and not result.metrics.get("calibrated"):
            state = "not calibrated for these labels"
        error = _percent(result.metrics["expected_calibration_error"])
        lines += ["", f"calibration error {error} (scores {state}{was})"]
    return "\n".join(lines)


def _unparsed(result: Result) -> str:
    """How many generated answers were labels."""
    share, others = result.metrics["unparsed_rate"], result.metrics.get("inexact_rate", 0.0)
    asked = result.protocol.utterances * len(result.runs)
    missed = f"{round(share * asked):,} of {_count(asked, 'answer')}"
    return (
        f"unparsed {_percent(share)} % ({missed} name no label and count as wrong); not just a label: "
        f"{_percent(others)} %"
    )


def _classes(result: Result, several: bool) -> str:
    total = sum(scores["support"] for scores in result.metrics["per_class"].values())
    header = ["label", "precision", "recall", "f1", "support", "gold share", "predicted share"]
    rows = [
        [
            label,
            _percent(scores["precision"]),
            _percent(scores["recall"]),
            _percent(scores["f1"]),
            f"{round(scores['support']):,}",
            _percent(scores["support"] / total),
            _percent(scores["predicted"] / total),
        ]
        for label, scores in result.metrics["per_class"].items()
    ]
    return "\n".join(text_table(header, rows))


def _runs(result: Result) -> str:
    names = [result.protocol.metric, *(name for name in ("accuracy", "macro_f1") if name != result.protocol.metric)]
    rows = [[str(run["seed"]), *(_percent(run["metrics"][name]) for name in names)] for run in result.runs]
    return "\n".join(text_table(["seed", *names], rows))


def _confusion(result: Result, several: bool) -> str:
    labels = result.label_set.labels
    rows = [[label, *(f"{count:,}" for count in row)] for label, row in zip(labels, result.confusion, strict=True)]
    summed = ", added up over seeds" if several else ""
    without = ", without unparsed answers" if result.metrics.get("unparsed_rate") else ""
    return "\n".join([f"confusion: rows gold, columns predicted{summed}{without}", *text_table(["", *labels], rows)])


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """First column left, the others right, two spaces between."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, *rows]:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}"
