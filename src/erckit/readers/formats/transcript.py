"""Plain transcripts: ``Speaker: text`` lines, a blank line between conversations."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from erckit.readers.build_conversation import UNKNOWN_SPEAKER, RawUtterance, build_conversation
from erckit.readers.parse_seconds import parse_seconds
from erckit.readers.source import Parsed, Source
from erckit.readers.split_speaker import split_speaker

_TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,6})?"
_LEADING_TIME = re.compile(rf"(?:\[({_TIME})(?:\s?-+>?\s?({_TIME}))?\]|\(({_TIME})\)|({_TIME}))\s+(?=\S)")


@dataclass(slots=True)
class _Line:
    """A line that is not blank: its number, its text, and what it says if it opens an utterance."""

    number: int
    raw: str
    speaker: str | None = None
    text: str = ""
    start: float | None = None
    end: float | None = None


class TranscriptReader:
    """Reads ``Speaker: text`` lines.

    A line without a speaker continues the utterance before it; before the first speaker of a
    conversation it is by 'Unknown'. In a file where no line has a speaker, each line is an utterance by
    'Unknown'. ``[00:01:02]`` before the name is the start time. A file in which every utterance stands
    alone between blank lines is one conversation. No line is ever dropped.
    """

    def read(self, source: Source) -> Parsed:
        """All conversations of ``source``; see :class:`Reader`."""
        parsed = Parsed()
        blocks = _parse_blocks(source.text)
        if not _has_speaker(blocks):
            blocks = _parse_blocks(source.text, loose=True)
        if not _has_speaker(blocks):
            parsed.notes["no line has a 'Speaker: ' in front; each line is an utterance by 'Unknown'."] += 1
            blocks = [[replace(line, speaker=UNKNOWN_SPEAKER, text=line.raw) for line in block] for block in blocks]
        if _stands_alone(blocks):
            parsed.notes["every utterance stands alone between blank lines; read as one conversation."] += 1
            blocks = [[line for block in blocks for line in block]]
        for position, block in enumerate(blocks, start=1):
            rows = _rows(block, parsed.notes)
            identifier = source.path.stem if len(blocks) == 1 else f"{source.path.stem}-{position}"
            parsed.conversations.append(build_conversation(identifier, rows, {}, source.label_set, parsed.notes))
        return parsed


def _parse_blocks(text: str, loose: bool = False) -> list[list[_Line]]:
    blocks: list[list[_Line]] = [[]]
    for number, raw in enumerate(text.split("\n"), start=1):
        stripped = raw.strip()
        if not stripped.strip("\0"):
            blocks.append([])
        else:
            blocks[-1].append(_parse_line(number, stripped, loose))
    return [block for block in blocks if block]


def _parse_line(number: int, raw: str, loose: bool) -> _Line:
    rest, start, end = raw, None, None
    time = _LEADING_TIME.match(raw)
    if time:
        start = parse_seconds(next(filter(None, (time[1], time[3], time[4]))))
        end = parse_seconds(time[2])
        rest = raw[time.end() :]
    found = split_speaker(rest, loose)
    return _Line(number, raw, *found, start, end) if found else _Line(number, raw)


def _has_speaker(blocks: list[list[_Line]]) -> bool:
    return any(line.speaker for block in blocks for line in block)


def _stands_alone(blocks: list[list[_Line]]) -> bool:
    """Whether blank lines stand between all utterances, so that they cannot mean a new conversation.

    Asks for four blocks at least, of one utterance each, and a speaker who comes back.
    """
    if len(blocks) < 4 or any(not block[0].speaker or any(line.speaker for line in block[1:]) for block in blocks):
        return False
    return len({block[0].speaker for block in blocks}) < len(blocks)


def _rows(block: list[_Line], notes: Counter[str]) -> list[RawUtterance]:
    """Utterances of a block: lines without a speaker are joined to the one before."""
    openings: list[tuple[_Line, list[str]]] = []
    for line in block:
        if line.speaker is not None:
            openings.append((line, [line.text]))
        elif openings:
            openings[-1][1].append(line.raw)
        else:
            openings.append((replace(line, speaker=UNKNOWN_SPEAKER), [line.raw]))
            notes[f"utterances before a conversation's first speaker, now by '{UNKNOWN_SPEAKER}'"] += 1
    return [
        RawUtterance(
            text=" ".join(part for part in parts if part), speaker=line.speaker, start=line.start, end=line.end
        )
        for line, parts in openings
    ]
