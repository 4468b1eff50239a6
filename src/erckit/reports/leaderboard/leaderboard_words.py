"""What a leaderboard says about its tables, the same for Markdown and for the page."""

from __future__ import annotations

from erckit.evaluation.leaderboard.leaderboard import Leaderboard, LeaderboardSection
from erckit.evaluation.results.published import published_splits

INTRODUCTION = (
    "One table per protocol: corpus, split, labels and metric. Numbers of different tables must not be compared. "
    "Measured scores come with every prediction in their result files; published ones are as printed by others."
)
READING = (
    "A score is the mean over seeds ± their standard deviation; the interval is a 95 % bootstrap over conversations. "
    "'Selected on' is the split that chose weights and settings: selected on the scored split, a number is too high. "
    "Causal systems never see a later utterance. 'unknown' means that no source at hand tells it."
)
UNPLACED_TITLE = "Split not established"
UNPLACED = (
    "Published scores of which the sources do not tell the version of the test split, or how the metric counts. They "
    "stand beside no other number, because it could be of another protocol."
)


def section_title(section: LeaderboardSection) -> str:
    """Heading of a section."""
    mapped = f" mapped to {section.mapping}" if section.mapping else ""
    return f"{section.protocol}{mapped} · {section.metric}"


def section_facts(section: LeaderboardSection) -> str:
    """What the scores of a section were measured on, in one line."""
    split = published_splits().get(section.protocol)
    parts = [_counted(section.conversations, "conversation")] if section.conversations else []
    if section.rows:
        parts.append(_counted(section.utterances, "utterance"))
    elif split is not None:
        parts.append(" or ".join(f"{n:,}" for n in split.utterances) + " utterances")
    if section.left_out:
        parts.append(f"{_counted(section.left_out, 'utterance')} left out by the mapping")
    if split is not None and not section.mapping:
        parts.append(f"split version: {split.version}")
    if section.labels:
        parts.append(f"{len(section.labels)} labels: {', '.join(section.labels)}")
    return " · ".join(parts)


def section_notes(section: LeaderboardSection, leaderboard: Leaderboard) -> list[str]:
    """Notes of a section, among them why a published number is missing from it."""
    missing = [e for e in leaderboard.excluded if e.corpus == section.corpus and section.published]
    return [
        *section.notes,
        *(f"Left out: {e.system} ({e.year}), {e.claim}; {e.reason}" for e in missing),
    ]


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
