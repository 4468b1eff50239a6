"""The columns of a leaderboard's tables, the same for Markdown and for the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from erckit.evaluation.leaderboard.leaderboard import Leaderboard, LeaderboardSection
from erckit.evaluation.leaderboard.leaderboard_row import LeaderboardRow
from erckit.evaluation.results.published import UNKNOWN, PublishedScore, published_splits
from erckit.evaluation.results.selection import selection_words

Row = TypeVar("Row")
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column of a table.

    Args:
        title: Its heading.
        about: What it shows, for whoever does not know.
        text: A row's cell as text, ``NOTHING`` where there is none.
        order: What a row is sorted by, None sorts last; without it the text is.
        width: "wide" for sentences and "some" for words, which may wrap; empty for cells that stay on one line.
    """

    title: str
    about: str
    text: Callable[[Row], str]
    order: Callable[[Row], float | None] | None = None
    width: str = ""


def measured_columns(section: LeaderboardSection) -> list[Column[LeaderboardRow]]:
    """Columns of the measured systems; those that are empty in every row are left out."""
    columns: list[Column[LeaderboardRow]] = [
        Column("system", "model or recipe", lambda row: row.name),
        Column(
            f"{section.metric}, %",
            "mean over seeds ± sample standard deviation; the score itself for a single seed",
            lambda row: percent(row.score) + ("" if row.sd is None else f" ± {percent(row.sd)}"),
            lambda row: row.score,
        ),
        Column(
            "95 % interval",
            "bootstrap over conversations",
            lambda row: NOTHING if row.interval is None else " – ".join(map(percent, row.interval)),
            lambda row: None if row.interval is None else row.interval[0],
        ),
        Column("seeds", "number of trained models", lambda row: str(row.runs), lambda row: row.runs),
        Column(
            "group", "systems that share a letter cannot be told apart", lambda row: " ".join(row.letters) or NOTHING
        ),
        Column(
            "trained / all parameters",
            "those that training changed, and all of one model",
            lambda row: (
                f"{_count(row.result.trained_parameters)} / {_count(row.result.parameters)}"
                if row.result.parameters is not None
                else NOTHING
            ),
            lambda row: row.result.parameters,
        ),
        Column(
            "training",
            "time of one run and what it ran on",
            _training,
            lambda row: row.result.training_seconds,
            "some",
        ),
        Column(
            "utterances/s",
            "labelled per second of the evaluation; 'cached': a frozen backbone's vectors were read from disk, so the "
            "time says nothing of the speed",
            _speed,
            lambda row: row.utterances_per_second,
        ),
        Column("measured on", "hardware of the evaluation", lambda row: row.hardware or NOTHING, width="some"),
        Column("causal", "no prediction sees a later utterance", lambda row: yes_no(row.result.protocol.causal)),
        Column(
            "selected on",
            "split that chose weights and settings; a score on that very split is too high",
            lambda row: selection_words(row.result.protocol),
        ),
        Column("memory", "what it may remember", lambda row: row.result.protocol.memory or NOTHING, width="wide"),
        Column("backbone", "pretrained network", lambda row: row.backbone or NOTHING),
        Column("code", "commit of erckit", lambda row: _commit(row.result.code_version)),
    ]
    return _filled(columns, section.rows)


def published_columns(scores: Sequence[PublishedScore], with_metric: bool = False) -> list[Column[PublishedScore]]:
    """Columns of published scores; ``with_metric`` where a table holds several metrics."""
    metric = "score" if with_metric else f"{scores[0].metric if scores else 'score'}"
    columns: list[Column[PublishedScore]] = [
        Column("system", "as published", lambda score: score.system),
        Column("year", "of publication", lambda score: score.year),
        Column(
            f"{metric}, %",
            "as printed; ± is the standard deviation where it is printed",
            lambda score: percent(score.value) + ("" if score.sd is None else f" ± {percent(score.sd)}"),
            lambda score: score.value,
        ),
        Column("selected on", "by the code or the paper", lambda score: score.selection),
        Column("causal", "no prediction sees a later utterance", lambda score: score.causal),
        Column("seeds", "runs behind the number", lambda score: score.seeds, _seeds),
        Column("input", "text alone or more", lambda score: score.modality),
        Column("backbone", "pretrained network", lambda score: score.backbone),
        Column("source", "who printed it", source_line, width="some"),
        Column("notes", "", lambda score: score.notes or NOTHING, width="wide"),
    ]
    if with_metric:
        columns[2:2] = [
            Column("corpus", "", lambda score: score.corpus),
            Column("metric", "", lambda score: score.metric),
            Column("why not in a table", "", lambda score: score.unplaced),
        ]
    return _filled(columns, scores)


def source_line(score: PublishedScore) -> str:
    """Who printed a published number."""
    if score.source == "second-hand":
        return f"second-hand, {score.quoted_from}" if score.quoted_from else "second-hand"
    return {"paper": "own paper", "readme": "own README", "paper or readme": "own paper or README"}.get(
        score.source, score.source
    )


def percent(fraction: float) -> str:
    """A score in percent with two decimals."""
    return f"{100 * fraction:.2f}"


def yes_no(value: bool) -> str:
    """A truth value as a word."""
    return "yes" if value else "no"


def _filled(columns: list[Column[Row]], rows: Sequence[Row]) -> list[Column[Row]]:
    return [column for column in columns if any(column.text(row) != NOTHING for row in rows)]


def _training(row: LeaderboardRow) -> str:
    seconds = row.result.training_seconds
    if seconds is None:
        return NOTHING
    taken = f"{seconds:,.0f} s" if seconds < 600 else f"{seconds / 60:,.0f} min"
    return f"{taken} on {row.result.training_device or 'unrecorded hardware'}"


def _speed(row: LeaderboardRow) -> str:
    if row.reads_cache:
        return "cached"
    return NOTHING if row.utterances_per_second is None else f"{row.utterances_per_second:,.0f}"


def _count(number: int | None) -> str:
    """A number of parameters, short."""
    if number is None:
        return UNKNOWN
    if number < 1_000_000:
        return f"{number:,}"
    return f"{number / 1e6:.1f} M" if number < 1e9 else f"{number / 1e9:.1f} B"


def _seeds(score: PublishedScore) -> float | None:
    return float(score.seeds) if score.seeds.isdigit() else None


def _commit(version: str | None) -> str:
    if not version:
        return NOTHING
    commit, dash, state = version.partition("-")
    return commit[:10] + dash + state


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
