"""A comparison as text for the terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from erckit.evaluation.comparison.comparison import ComparedPair, ComparedSystem, Comparison
from erckit.evaluation.results.selection import training_words

_WIDTH = 110


def format_comparison(comparison: Comparison) -> str:
    """Protocol line, scores, differences, groups, the smallest difference that could be shown, and warnings.

    Args:
        comparison: Of two systems or more.

    Returns:
        Lines joined by newlines; scores and differences in points (percent), p-values with three decimals.
    """
    blocks = [
        comparison_line(comparison),
        "\n".join(_columns(*system_rows(comparison), left=1)),
        "\n".join(["differences, first minus second", *_columns(*pair_rows(comparison), left=2)]),
        "\n".join(comparison_notes(comparison)),
    ]
    if comparison.groups:
        groups = [f"{letter}  {', '.join(names)}" for letter, names in comparison.groups.items()]
        blocks.append("\n".join(["groups that cannot be told apart", *groups]))
    blocks.append(_wrap(power_line(comparison)))
    blocks.extend(_wrap(f"note: {warning}") for warning in comparison.warnings)
    return "\n\n".join(blocks)


def comparison_line(comparison: Comparison) -> str:
    """The protocol in one line; what differs between the systems is left to the warnings."""
    p, systems = comparison.protocol, comparison.systems
    parts = [p.name, f"{p.conversations:,} conversations, {p.utterances:,} utterances", p.metric]
    if p.mapping:
        parts.insert(1, f"mapped to {p.mapping} ({p.left_out:,} utterances with other gold labels left out)")
    for values, text in (
        ({s.selection for s in systems}, training_words(systems[0].selection, (1,))[0]),
        ({s.seeds for s in systems}, f"seed{'s' * (len(systems[0].seeds) > 1)} {_seeds(systems[0].seeds)}"),
        ({s.causal for s in systems}, "causal" if systems[0].causal else "not causal (later utterances are seen)"),
        ({s.memory for s in systems}, f"memory: {systems[0].memory}"),
    ):
        if len(values) == 1:
            parts.append(text)
    return " · ".join(parts)


def system_rows(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Header and cells of the table of scores."""
    header = ["system", "seeds", "mean ± sd", "95 % interval"]
    rows = [[s.name, _runs(s), _score(s), f"{_points(s.low)} – {_points(s.high)}"] for s in comparison.systems]
    if comparison.groups:
        header.append("group")
        rows = [[*row, "".join(system.letters)] for row, system in zip(rows, comparison.systems, strict=True)]
    return header, rows


def pair_rows(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Header and cells of the table of differences; the verdict stands last."""
    several = any(pair.p_seeds is not None for pair in comparison.pairs)
    header = ["first", "second", "difference", "95 % interval", "p boot", "p rand", "p Holm"]
    header += ["p seeds", "can show", "verdict"] if several else ["can show", "verdict"]
    return header, [_pair(pair, several) for pair in comparison.pairs]


def power_line(comparison: Comparison) -> str:
    """The smallest difference that this test set can show between these systems."""
    plain = _range([pair.smallest_difference for pair in comparison.pairs])
    text = (
        f"Smallest true difference that this test set shows with 80 % power at level {comparison.alpha:g}: "
        f"{plain} points for one comparison"
    )
    if len(comparison.pairs) > 1:
        text += (
            f", {_range([pair.smallest_difference_holm for pair in comparison.pairs])} points in a table of "
            f"{len(comparison.pairs)} (Holm's first step)"
        )
    return text + "."


def comparison_notes(comparison: Comparison) -> list[str]:
    """What the columns of the table of differences mean, a line each."""
    lines = [
        f"p boot: paired bootstrap; p rand: approximate randomisation; both over conversations, {comparison.draws:,} "
        "draws, two-sided",
        f"p Holm: p rand corrected for {len(comparison.pairs)} comparison{'s' if len(comparison.pairs) > 1 else ''}; "
        f"the verdict is at {comparison.alpha:g}",
    ]
    if any(pair.p_seeds is not None for pair in comparison.pairs):
        lines.append("p seeds: seeds are drawn too, Holm-corrected; what other trainings of the two recipes may show")
    lines.append("can show: smallest true difference found with 80 % power; like the interval, for this pair alone")
    verdicts = " ".join(pair.verdict for pair in comparison.pairs)
    if "single run" in verdicts:
        lines.append("single run: at least one of the two has one run only; another seed may turn it round")
    if "not beyond seeds" in verdicts:
        lines.append("not beyond seeds: the runs at hand differ, but other trainings of the two recipes may not")
    return lines


def _score(system: ComparedSystem) -> str:
    return _points(system.score) + (f" ± {_points(system.sd)}" if system.sd is not None else "")


def _runs(system: ComparedSystem) -> str:
    if system.fixed:
        return "any"
    # A lone number would read as a count.
    return _seeds(system.seeds) + (" only" if len(system.seeds) == 1 and None not in system.seeds else "")


def _pair(pair: ComparedPair, several: bool) -> list[str]:
    cells = [
        pair.first,
        pair.second,
        f"{100 * pair.difference:+.2f}",
        f"{100 * pair.low:+.2f} to {100 * pair.high:+.2f}",
        p_value(pair.p_bootstrap),
        p_value(pair.p_randomisation),
        p_value(pair.p_holm),
    ]
    if several:
        cells.append("–" if pair.p_seeds_holm is None else p_value(pair.p_seeds_holm))
    return [*cells, _points(pair.smallest_difference), pair.verdict]


def p_value(p: float) -> str:
    """Three decimals, and never 0."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _columns(header: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """The first ``left`` columns and a last one called verdict or group left, the others right, two spaces between."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    to_left = {*range(left), *(i for i, name in enumerate(header) if name in ("verdict", "group"))}
    lines = []
    for row in [header, *rows]:
        cells = [
            cell.ljust(width) if i in to_left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _range(values: Sequence[float]) -> str:
    low, high = _points(min(values)), _points(max(values))
    return low if low == high else f"{low} to {high}"


def _seeds(seeds: Sequence[int | None]) -> str:
    """Runs of consecutive seeds as 1–5."""
    known = sorted(seed for seed in seeds if seed is not None)
    if len(known) < len(seeds):
        return "unknown"
    parts: list[list[int]] = []
    for seed in known:
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ", ".join(f"{part[0]}–{part[-1]}" if len(part) > 2 else ", ".join(map(str, part)) for part in parts)


def _wrap(text: str) -> str:
    return "\n".join(
        textwrap.wrap(text, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    )


def _points(fraction: float) -> str:
    return f"{100 * fraction:.2f}"


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
