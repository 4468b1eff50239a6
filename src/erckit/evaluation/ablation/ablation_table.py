"""An ablation as text: Markdown for a page, LaTeX for a paper."""

from __future__ import annotations

from erckit.evaluation.ablation.ablation_result import Ablation, RowOutcome, seed_scores
from erckit.evaluation.comparison.comparison import ComparedPair
from erckit.evaluation.comparison.comparison_text import p_value, power_line

_NONE = "–"


def markdown_table(ablation: Ablation) -> str:
    """Title, protocol line, table, what the columns mean, and what each row is.

    Args:
        ablation: With a result for at least one row.

    Returns:
        Markdown, ending with a newline.
    """
    base = ablation.plan.rows[0].name
    header = ["row", ablation.metric, "95 % interval", "to the row it builds on", "p", f"to {base}", "p", "accuracy"]
    lines = ["| " + " | ".join(_cell(text) for text in header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    lines += ["| " + " | ".join(_cell(text) for text in _cells(one, ablation)) + " |" for one in ablation.outcomes]
    return "\n".join(
        [
            f"## {ablation.plan.title}",
            "",
            f"Protocol: {ablation.protocol_line()}",
            "",
            f"All rows: {ablation.plan.common_line()}.",
            "",
            *lines,
            "",
            *_reading(ablation),
            "",
            *_rows(ablation),
            "",
        ]
    )


def latex_table(ablation: Ablation) -> str:
    r"""A ``table`` with booktabs rules; needs ``\usepackage{booktabs}``.

    Args:
        ablation: With a result for at least one row.
    """
    base = ablation.plan.rows[0].name
    header = [
        "",
        ablation.metric,
        "95\\,\\% interval",
        "to row it builds on",
        "$p$",
        f"to {_tex(base)}",
        "$p$",
        "accuracy",
    ]
    header = [header[0], _tex(header[1]), *header[2:]]
    lines = [" & ".join(_tex(text) for text in _cells(one, ablation)) + " \\\\" for one in ablation.outcomes]
    caption = f"{ablation.plan.title}. {ablation.protocol_line()}. All rows: {ablation.plan.common_line()}."
    reading = " ".join(line.removeprefix("- ") for line in _reading(ablation))
    return "\n".join(
        [
            "% needs \\usepackage{booktabs}",
            "\\begin{table}",
            "\\centering",
            f"\\caption{{{_tex(caption)} {_tex(reading)}}}",
            "\\begin{tabular}{l" + "r" * (len(header) - 1) + "}",
            "\\toprule",
            " & ".join(header) + " \\\\",
            "\\midrule",
            *lines,
            "\\bottomrule",
            "\\end{tabular}",
            "\\end{table}",
            "",
        ]
    )


def _cells(outcome: RowOutcome, ablation: Ablation) -> list[str]:
    """The cells of one row, as plain text."""
    result, name = outcome.result, outcome.row.name
    if result is None:
        return [name, "not run", *[_NONE] * 6]
    if not result.protocol.causal and any(other.protocol.causal for _, other in ablation.measured):
        name += " (sees later utterances)"
    low, high = result.metrics["interval_95"][ablation.metric]
    return [
        name,
        _score(result.metrics[ablation.metric], result.sd.get(ablation.metric)),
        f"{_percent(low)} – {_percent(high)}",
        *_difference(outcome, outcome.to_previous, outcome.row.builds_on),
        *_difference(outcome, outcome.to_base, ablation.plan.rows[0].name),
        _score(result.metrics["accuracy"], result.sd.get("accuracy")),
    ]


def _difference(outcome: RowOutcome, found: ComparedPair | None, other: str) -> list[str]:
    if found is None:
        return ["same", _NONE] if outcome.same_as and outcome.same_as == other else [_NONE, _NONE]
    mark = "*" if outcome.is_told_apart(found) else ""
    return [f"{100 * found.difference:+.2f}{mark}", p_value(found.p_holm)]


def _reading(ablation: Ablation) -> list[str]:
    """What the columns mean, one sentence per line."""
    first = ablation.measured[0][1]
    several = len(first.runs) > 1
    spread = f"mean ± sd over {len(first.runs)} seeds, " if several else ""
    missing = [outcome.row.name for outcome in ablation.outcomes if outcome.result is None]
    lines = [f"- Scores are in percent: {spread}with the 95 % interval by bootstrap over conversations."]
    comparison = ablation.comparison
    if comparison is not None:
        too = " that stays below when seeds are drawn as well" if several else ""
        lines += [
            f"- p: approximate randomisation over conversations, {comparison.draws:,} draws, corrected by Holm for the "
            f"{len(comparison.pairs)} comparisons of this table; * marks p below {comparison.alpha:g}{too}.",
            f"- {power_line(comparison)}",
        ]
    if missing:
        lines.append(f"- Not run yet, so p-values will still rise: {', '.join(missing)}.")
    return lines


def _rows(ablation: Ablation) -> list[str]:
    """What each row is, one line per row."""
    memories = {result.protocol.memory for _, result in ablation.measured}
    lines = []
    for number, outcome in enumerate(ablation.outcomes, 1):
        row, result = outcome.row, outcome.result
        said = [f"{number}. **{row.name}**" + (f", from *{row.builds_on}*" if row.builds_on else "") + f": {row.about}"]
        said += [", ".join(f"`{key}: {value}`" for key, value in row.changes.items())]
        said += [f"The same recipe as {outcome.same_as}, trained once."] if outcome.same_as else []
        said += [f"Memory: {result.protocol.memory}."] if result is not None and len(memories) > 1 else []
        said += (
            ["Seeds: " + ", ".join(_percent(s) for s in seed_scores(result, ablation.metric)) + "."] if result else []
        )
        lines.append(" ".join(part for part in said if part))
    return lines


def _score(mean: float, sd: float | None) -> str:
    return _percent(mean) if sd is None else f"{_percent(mean)} ± {_percent(sd)}"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "±": r"$\pm$", "–": "--",
    "·": r"$\cdot$",
}  # fmt: skip


def _tex(text: str) -> str:
    """Plain text for LaTeX; a sign before a number becomes a minus, not a hyphen."""
    if text[:1] in "+-" and text[1:2].isdigit():
        return f"${text.rstrip('*')}$" + ("$^{*}$" if text.endswith("*") else "")
    return "".join(_TEX.get(character, character) for character in text)
