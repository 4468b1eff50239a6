"""A leaderboard as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from erckit.evaluation.leaderboard.leaderboard import Leaderboard, LeaderboardSection
from erckit.reports.leaderboard.columns import (
    INTRODUCTION,
    READING,
    UNPLACED,
    UNPLACED_TITLE,
    Column,
    measured_columns,
    published_columns,
    section_facts,
    section_notes,
    section_title,
)

Row = TypeVar("Row")


def leaderboard_markdown(leaderboard: Leaderboard, title: str = "Leaderboard") -> str:
    """All tables, one below the other; the same leaderboard gives the same text.

    Args:
        leaderboard: What :func:`erckit.evaluation.build_leaderboard` made.
        title: Heading of the page.
    """
    blocks = [f"# {title}", INTRODUCTION, READING]
    for section in leaderboard.sections:
        blocks += _section(section, section_notes(section, leaderboard))
    if leaderboard.unplaced:
        columns = published_columns(leaderboard.unplaced, with_metric=True)
        blocks += [f"## {UNPLACED_TITLE}", UNPLACED, _table(columns, leaderboard.unplaced)]
    return "\n\n".join(blocks) + "\n"


def _section(section: LeaderboardSection, notes: Sequence[str]) -> list[str]:
    blocks = [f"## {section_title(section)}", _escaped(section_facts(section))]
    if section.rows:
        blocks.append(_table(measured_columns(section), section.rows))
    else:
        blocks.append("Nothing was measured here; published scores only.")
    if section.published:
        blocks += ["Published:", _table(published_columns(section.published), section.published)]
    if notes:
        blocks.append("\n".join(f"- {_escaped(note)}" for note in notes))
    return [block for block in blocks if block]


def _table(columns: Sequence[Column[Row]], rows: Sequence[Row]) -> str:
    """A Markdown table; columns of numbers stand to the right."""
    lines = [
        [_escaped(column.title) for column in columns],
        ["---:" if column.order is not None else "---" for column in columns],
        *([_escaped(column.text(row)) for column in columns] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _escaped(text: str) -> str:
    """Text that neither ends a cell nor starts any markup; underscores stay, as they do no harm inside words."""
    shown = " ".join(text.split())
    for character in ("\\", "|", "*", "`", "[", "<"):
        shown = shown.replace(character, f"\\{character}")
    return shown
