"""What ``erckit memory`` prints: times, counts, a speaker's profile."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from erckit.cli.say import one_line

if TYPE_CHECKING:
    from erckit.memory.biography import Biography
    from erckit.memory.remembered import Remembered
    from erckit.memory.speaker_profile import SpeakerProfile
    from erckit.memory.store.store_stats import StoreStats

# A time before 1973 is rather a number that orders utterances than a date.
_FIRST_DATE, _LAST_DATE = 1e8, 1e11
_HEAD = 15


def time_text(time: float) -> str:
    """A time as a local date, or as the number it is when it can be no date."""
    if _FIRST_DATE <= time < _LAST_DATE:
        return datetime.fromtimestamp(time).strftime("%Y-%m-%d %H:%M")
    return f"{time:g}"


def count(number: int, unit: str) -> str:
    """``1 biography``, ``2 biographies``."""
    plural = f"{unit[:-1]}ies" if unit.endswith("y") else f"{unit}s"
    return f"{number:,} {unit if number == 1 else plural}"


def stats_lines(stats: StoreStats, namespace: str | None, folder: object) -> list[str]:
    """The counts of a store."""
    lines = [_row("folder", one_line(str(folder)))]
    if namespace is not None:
        lines.append(_row("namespace", namespace))
    lines += [
        _row("utterances", f"{stats.utterances:,}"),
        _row("speakers", f"{stats.speakers:,}"),
        _row("conversations", f"{stats.conversations:,}"),
        _row("biographies", f"{stats.biographies:,}"),
    ]
    if stats.first_time is not None and stats.last_time is not None:
        lines.append(_row("time", _span(stats.first_time, stats.last_time)))
    if stats.models:
        lines.append(_row("models", _counts({name or "(none)": number for name, number in stats.models.items()})))
    if stats.namespaces and namespace is None:
        lines.append(_row("namespaces", _counts(stats.namespaces)))
    lines.append(_row("texts", "kept" if stats.keeps_text else "not kept"))
    lines.append(_row("on disk", f"{size_text(stats.bytes)}, utterances in {count(stats.fragments, 'file')}"))
    return lines


def speaker_lines(
    profile: SpeakerProfile, latest: Sequence[Remembered], biography: Biography | None, namespace: str
) -> list[str]:
    """What is known of a speaker."""
    lines = [f"{one_line(profile.speaker)} (namespace {namespace})"]
    if profile.utterances:
        said = f"{count(profile.utterances, 'utterance')} in {count(profile.conversations, 'conversation')}"
        lines.append(_row("said", said))
    if profile.first_time is not None and profile.last_time is not None:
        lines.append(_row("time", _span(profile.first_time, profile.last_time)))
    if profile.model:
        others = {name or "(none)": number for name, number in profile.models.items() if name != profile.model}
        more = f"; others: {_counts(others)}" if others else ""
        lines.append(_row("seen by", f"{one_line(profile.model)}{more}"))
    if profile.mean_scores:
        means = ", ".join(f"{one_line(label)} {score:.2f}" for label, score in profile.mean_scores.items())
        lines += _folded("mean scores", means)
    if profile.label_counts:
        lines += _folded("predicted", _counts(profile.label_counts))
    if profile.gold_counts:
        lines += _folded("gold labels", _counts(profile.gold_counts))
    if biography is not None:
        made = ", ".join(
            [f"by {one_line(biography.made_by)}"] * bool(biography.made_by)
            + [time_text(biography.time)] * bool(biography.time)
        )
        lines += _folded("biography", one_line(biography.text) + (f" ({made})" if made else ""))
    if latest:
        lines += ["", "latest"]
        lines += [_utterance(row) for row in latest]
    return lines


def _utterance(row: Remembered) -> str:
    top = row.top_label
    felt = f"{one_line(top)} {row.scores[top]:.2f}" if top is not None else "-"
    text = one_line(row.text) if row.text is not None else "(text not kept)"
    line = f"  {time_text(row.time):16}  {felt:14}  {text}"
    if row.label is not None:
        line += f"  [gold {one_line(row.label)}]"
    return line


def _span(first: float, last: float) -> str:
    return time_text(first) if first == last else f"{time_text(first)} to {time_text(last)}"


def _row(name: str, value: str) -> str:
    return f"{name:{_HEAD}}{value}"


def _folded(name: str, value: str) -> list[str]:
    width = max(40, shutil.get_terminal_size((100, 24)).columns)
    return textwrap.wrap(value, width, initial_indent=f"{name:{_HEAD}}", subsequent_indent=" " * _HEAD) or [name]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{one_line(name)} {number:,}" for name, number in counts.items())


def size_text(number: int) -> str:
    """A number of bytes in kB or MB."""
    return f"{number / 1e6:,.1f} MB" if number >= 1e5 else f"{number / 1e3:,.1f} kB"
