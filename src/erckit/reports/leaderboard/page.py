"""A leaderboard as one self-contained HTML file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from erckit.evaluation.leaderboard.leaderboard import Leaderboard, LeaderboardSection
from erckit.reports.leaderboard.columns import Column, measured_columns, published_columns
from erckit.reports.leaderboard.interval_chart import interval_chart
from erckit.reports.leaderboard.leaderboard_style import SCRIPT, STYLE
from erckit.reports.leaderboard.leaderboard_words import (
    INTRODUCTION,
    READING,
    UNPLACED,
    UNPLACED_TITLE,
    section_facts,
    section_notes,
    section_title,
)
from erckit.reports.pages.html_text import html_text

Row = TypeVar("Row")


def write_leaderboard_page(leaderboard: Leaderboard, path: str | Path, title: str = "Leaderboard") -> Path:
    """Write a leaderboard as a page that opens from disk, without network, with or without scripts.

    Every protocol has a chart of its measured scores and tables that a click on a heading sorts. The same leaderboard
    gives the same bytes.

    Args:
        leaderboard: What :func:`erckit.evaluation.build_leaderboard` made.
        path: HTML file; replaced at once or not at all.
        title: Heading of the page.

    Returns:
        The path.
    """
    from erckit.storage.atomic import write_text

    target = Path(path)
    write_text(target, leaderboard_html(leaderboard, title))
    return target


def leaderboard_html(leaderboard: Leaderboard, title: str = "Leaderboard") -> str:
    """The page of :func:`write_leaderboard_page` as text."""
    measured = [section for section in leaderboard.sections if section.rows]
    others = [section for section in leaderboard.sections if not section.rows]
    anchors = {id(section): f"s{number}" for number, section in enumerate(leaderboard.sections, start=1)}
    body = "".join(_section(section, anchors[id(section)], leaderboard) for section in [*measured, *others])
    links = [(anchors[id(section)], section_title(section)) for section in [*measured, *others]]
    if leaderboard.unplaced:
        links.append(("unplaced", UNPLACED_TITLE))
        columns = published_columns(leaderboard.unplaced, with_metric=True)
        body += (
            f'<section id="unplaced"><h2>{UNPLACED_TITLE}</h2><p class="muted">{html_text(UNPLACED)}</p>'
            f"{_table(columns, leaderboard.unplaced, UNPLACED_TITLE)}</section>\n"
        )
    listed = "".join(f'<li><a href="#{anchor}">{html_text(name)}</a></li>' for anchor, name in links)
    # The policy forbids every request and every script but ours, should a name ever get past the escaping.
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{html_text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<header><h1>{html_text(title)}</h1><p>{html_text(INTRODUCTION)}</p>"
        f'<p class="muted">{html_text(READING)}</p>{_KEY}'
        f'<nav aria-label="Protocols"><ul>{listed}</ul></nav></header>\n<main>\n{body}</main>\n<footer></footer>\n'
        f"<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )


_BAR, _DOT = '<path class="bar" d="M3 4v8m0 -4H41m0 -4v8"/>', '<circle class="dot" cx="22" cy="8" r="5"/>'
_SEED, _DIAMOND = '<circle class="seed" cx="22" cy="8" r="3"/>', '<path class="diamond" d="M22 2l6 6l-6 6l-6 -6z"/>'
_CROSS = '<path class="cross" d="M18 4l8 8m0 -8l-8 8"/>'
_SIGNS = (
    (_BAR + _DOT, "measured, with its 95 % interval"),
    (_SEED, "one seed"),
    (_DIAMOND, "published"),
    (_DIAMOND + _CROSS, "published, selected on test"),
)
_KEY = '<ul class="key" aria-label="Signs in the charts">{}</ul>'.format(
    "".join(
        f'<li><svg width="44" height="16" viewBox="0 0 44 16" aria-hidden="true">{marks}</svg>{meaning}</li>'
        for marks, meaning in _SIGNS
    )
)


def _section(section: LeaderboardSection, anchor: str, leaderboard: Leaderboard) -> str:
    title = section_title(section)
    parts = [
        f'<section id="{anchor}"><h2>{html_text(title)}</h2><p class="facts">{html_text(section_facts(section))}</p>'
    ]
    if section.rows:
        parts += [interval_chart(section), _table(measured_columns(section), section.rows, f"{title}, measured")]
    published = ""
    if section.published:
        columns = published_columns(section.published)
        published = _table(columns, section.published, f"{title}, published")
    if section.rows and published:
        parts.append(f"<h3>Published scores of this protocol</h3>{published}")
    elif published:
        count = len(section.published)
        parts.append(
            f"<details><summary>Nothing was measured here: {count} published score{'s' * (count != 1)}</summary>"
            f"{published}</details>"
        )
    notes = "".join(f"<li>{html_text(note)}</li>" for note in section_notes(section, leaderboard))
    if notes:
        parts.append(f'<ul class="notes">{notes}</ul>')
    return "".join(parts) + "</section>\n"


def _table(columns: Sequence[Column[Row]], rows: Sequence[Row], name: str) -> str:
    """A table that scrolls sideways on its own; numbers carry the value they are sorted by."""
    head = "".join(
        f'<th scope="col"{_css(column)} title="{html_text(column.about)}">{html_text(column.title)}</th>'
        for column in columns
    )
    body = "".join(
        f'<tr><th scope="row">{html_text(columns[0].text(row))}</th>'
        f"{''.join(_cell(column, row) for column in columns[1:])}</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll card" tabindex="0" role="region" aria-label="{html_text(name)}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(column: Column[Row], row: Row) -> str:
    text = column.text(row)
    value = ""
    if column.order is not None:
        order = column.order(row)
        value = f' data-v="{"" if order is None else f"{order:.12g}"}"'
    warned = "test" if column.title == "selected on" and text == "test" else ""
    return f"<td{_css(column, warned)}{value}>{html_text(text)}</td>"


def _css(column: Column[Row], extra: str = "") -> str:
    names = [
        "number" if column.order is not None else "",
        column.width,
        "score" if column.title.endswith(", %") else "",
        extra,
    ]
    shown = " ".join(name for name in names if name)
    return f' class="{shown}"' if shown else ""
