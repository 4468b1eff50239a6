"""Scores of one protocol as inline SVG: a dot with its interval per measured system, a mark per published number."""

from __future__ import annotations

import math
from dataclasses import dataclass

from erckit.evaluation.leaderboard.leaderboard import LeaderboardSection
from erckit.evaluation.leaderboard.leaderboard_row import LeaderboardRow
from erckit.evaluation.results.published import PublishedScore
from erckit.reports.leaderboard.columns import percent
from erckit.reports.pages.html_text import html_text

_NAMES, _PLOT, _VALUES = 250.0, 540.0, 110.0  # px; names at least
_ROW, _TOP, _AXIS, _GAP = 23.0, 8.0, 46.0, 32.0
_LETTER, _NAME_LENGTH = 8.7, 56  # px of a bold letter; longer names are cut, and whole in the table
_STEPS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
_MOST_STEPS = 8


@dataclass(frozen=True, slots=True)
class _Scale:
    """From a fraction to px along the axis."""

    low: float  # percent
    high: float
    step: float
    left: float  # px of the names

    def __call__(self, score: float) -> float:
        return self.left + _PLOT * (100 * score - self.low) / (self.high - self.low)


def interval_chart(section: LeaderboardSection) -> str:
    """Measured systems with a bar for the 95 % interval and a ring per seed; published numbers below, as diamonds.

    Shapes carry the meaning, colours only repeat it. A diamond with a cross was selected on test.

    Args:
        section: With at least one measured system.

    Returns:
        HTML: one ``figure``.
    """
    scale = _scale(section)
    y, marks = _TOP, []
    for row in section.rows:
        marks.append(_measured(row, scale, y + _ROW / 2))
        y += _ROW
    if section.published:
        line = y + 7
        y += _GAP
        marks.append(f'<line class="rule" x1="0" x2="{scale.left + _PLOT + _VALUES:g}" y1="{line:g}" y2="{line:g}"/>')
        marks.append(f'<text class="band" x="{scale.left - 14:g}" y="{y - 6:g}" text-anchor="end">published</text>')
        for score in section.published:
            marks.append(_published(score, scale, y + _ROW / 2))
            y += _ROW
    width, height = scale.left + _PLOT + _VALUES, y + _AXIS
    label = f"{section.metric} of {len(section.rows)} measured systems on {section.protocol}, in percent"
    return (
        f'<figure class="chart card" tabindex="0"><svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" aria-label="{html_text(label)}">{_grid(scale, y)}{"".join(marks)}'
        f'<text class="axis" x="{scale.left + _PLOT / 2:g}" y="{height - 7:g}" text-anchor="middle">'
        f"{html_text(section.metric)}, %</text></svg></figure>"
    )


def _measured(row: LeaderboardRow, scale: _Scale, y: float) -> str:
    parts, y = [_name(row.name, scale, y, "own")], y - 2  # seeds stand below the bar
    told = percent(row.score) + ("" if row.sd is None else f" ± {percent(row.sd)}")
    title = f"{row.name}: {told}"
    if row.interval is not None:
        left, right = (scale(bound) for bound in row.interval)
        parts.append(f'<path class="bar" d="M{left:.1f} {y - 4:g}v8m0 -4H{right:.1f}m0 -4v8"/>')
        title += f", 95 % interval {percent(row.interval[0])} to {percent(row.interval[1])}"
    if row.runs > 1:
        seeds = [run["metrics"][row.metric] for run in row.result.runs if row.metric in run["metrics"]]
        parts += [f'<circle class="seed" cx="{scale(score):.1f}" cy="{y + 7:g}" r="2"/>' for score in seeds]
    parts.append(f'<circle class="dot" cx="{scale(row.score):.1f}" cy="{y:g}" r="5"/>')
    return f"<g><title>{html_text(title)}</title>{''.join(parts)}{_value(told, scale, y + 2)}</g>"


def _published(score: PublishedScore, scale: _Scale, y: float) -> str:
    x = scale(score.value)
    told = percent(score.value)
    title = f"{score.system} ({score.year}): {told}, selection: {score.selection}, causal: {score.causal}"
    cross = f'<path class="cross" d="M{x - 4:.1f} {y - 4:g}l8 8m0 -8l-8 8"/>' if score.selection == "test" else ""
    diamond = f'<path class="diamond" d="M{x:.1f} {y - 6:g}l6 6l-6 6l-6 -6z"/>'
    name, value = _name(score.system, scale, y, "other"), _value(told, scale, y)
    return f"<g><title>{html_text(title)}</title>{name}{diamond}{cross}{value}</g>"


def _name(name: str, scale: _Scale, y: float, css: str) -> str:
    shown = html_text(name, _NAME_LENGTH)
    return f'<text class="{css}" x="{scale.left - 14:g}" y="{y + 4:g}" text-anchor="end">{shown}</text>'


def _value(text: str, scale: _Scale, y: float) -> str:
    return f'<text class="value" x="{scale.left + _PLOT + 14:g}" y="{y + 4:g}">{html_text(text)}</text>'


def _scale(section: LeaderboardSection) -> _Scale:
    """An axis that holds every mark and begins and ends at a tick; it need not begin at zero."""
    values = [row.score for row in section.rows] + [score.value for score in section.published]
    for row in section.rows:
        values += row.interval or ()
        values += [run["metrics"][row.metric] for run in row.result.runs if row.metric in run["metrics"]]
    least, most = 100 * min(values), 100 * max(values)
    step = next((step for step in _STEPS if (most - least) / step <= _MOST_STEPS), _STEPS[-1])
    low = step * math.floor(least / step)
    names = [*(row.name for row in section.rows), *(score.system for score in section.published)]
    left = max(_NAMES, _LETTER * min(_NAME_LENGTH, max(map(len, names))) + 20)
    return _Scale(low, max(step * math.ceil(most / step), low + step), step, left)


def _grid(scale: _Scale, bottom: float) -> str:
    parts = []
    for number in range(round((scale.high - scale.low) / scale.step) + 1):
        value = scale.low + number * scale.step
        x = scale(value / 100)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP:g}" y2="{bottom + 2:g}"/>')
        parts.append(f'<text class="axis" x="{x:.1f}" y="{bottom + 18:g}" text-anchor="middle">{value:g}</text>')
    return "".join(parts)
