"""A comparison as Markdown and as LaTeX, for a page or a paper."""

from __future__ import annotations

import re
from collections.abc import Sequence

from erckit.evaluation.comparison.comparison import Comparison
from erckit.evaluation.comparison.comparison_text import (
    comparison_line,
    comparison_notes,
    pair_rows,
    power_line,
    system_rows,
)

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "±": r"$\pm$",
    "–": "--",
    "·": r"$\cdot$",
}


def comparison_markdown(comparison: Comparison) -> str:
    """Two Markdown tables (scores; differences) below the protocol line, with what the columns mean and the notes."""
    lines = [comparison_line(comparison), ""]
    for header, rows in (system_rows(comparison), pair_rows(comparison)):
        lines += [*_markdown_table(header, rows), ""]
    lines += [f"- {note}" for note in comparison_notes(comparison)]
    lines += ["", power_line(comparison)]
    if comparison.groups:
        lines += ["", "Systems that share a letter in the column *group* cannot be told apart."]
    if comparison.warnings:
        lines += ["", *(f"- {_markdown(warning)}" for warning in comparison.warnings)]
    return "\n".join(lines) + "\n"


def comparison_latex(comparison: Comparison) -> str:
    """Two LaTeX tables for the package booktabs; the captions hold the protocol and what the columns mean."""
    groups = " Systems that share a letter cannot be told apart." if comparison.groups else ""
    scores = f"{comparison_line(comparison)}. Scores in percent, intervals over conversations.{groups}"
    meaning = "; ".join(comparison_notes(comparison))
    differences = f"{comparison_line(comparison)}. Differences in points, first minus second. {meaning}. "
    return "\n".join(
        [
            *_latex_table(*system_rows(comparison), caption=scores),
            "",
            *_latex_table(*pair_rows(comparison), caption=differences + power_line(comparison)),
            "",
            *(f"% {' '.join(warning.split())}" for warning in comparison.warnings),
            "",
        ]
    )


def _markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    rule = ["---" if name in _LEFT else "---:" for name in header]
    return ["| " + " | ".join(_markdown(cell) for cell in row) + " |" for row in [header, rule, *rows]]


_LEFT = ("system", "first", "second", "group", "verdict")


def _markdown(text: str) -> str:
    """A name from a file cannot end a cell or begin a tag."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _latex_table(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> list[str]:
    columns = "".join("l" if name in _LEFT else "r" for name in header)
    cells = [" & ".join(_latex(cell) for cell in row) + r" \\" for row in [header, *rows]]
    return [
        r"\begin{table}",
        r"\centering",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        cells[0],
        r"\midrule",
        *cells[1:],
        r"\bottomrule",
        r"\end{tabular}",
        rf"\caption{{{_latex(caption)}}}",
        r"\end{table}",
    ]


def _latex(text: str) -> str:
    escaped = "".join(_LATEX.get(character, character) for character in " ".join(text.split()))
    return re.sub(r"(?<!\S)-(?=\d)", "$-$", escaped)
