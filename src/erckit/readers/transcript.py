"""Plain transcripts: ``Speaker: text`` lines, a blank line between conversations."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from erckit.readers.build_conversation import UNKNOWN_SPEAKER, RawUtterance, build_conversation
from erckit.readers.parse_seconds import parse_seconds
from erckit.readers.source import Parsed, Source

_TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,6})?"
_LEADING_TIME = re.compile(rf"(?:\[({_TIME})(?:\s?-+>?\s?({_TIME}))?\]|\(({_TIME})\)|({_TIME}))\s+(?=\S)")
_PARENTHESIS = re.compile(r"\([^()]*\)")
_FULL_WIDTH_COLON = "\uff1a"
_MAX_NAME_LENGTH = 60
_PARTICLES = frozenset("a and al bin da de del der di du el la le of on the to und van von y & +".split())
_MAX_NAME_WORDS = 6


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
    head = rest[: _MAX_NAME_LENGTH + 1].replace(_FULL_WIDTH_COLON, ":")
    name, colon, _ = head.partition(":")
    text = rest[len(name) + 1 :]
    if not colon or not _ends_name(rest[len(name)], text, loose) or not _is_name(name):
        return _Line(number, raw)
    return _Line(number, raw, name.strip(), text.strip(), start, end)


def _ends_name(colon: str, text: str, loose: bool) -> bool:
    """Whether a colon may end a name, going by what follows it.

    A space or the end of the line does (a full-width colon needs none), so that 12:30, https:// and
    smileys are text. Only in files that never put a space there ("A:hi") a letter will do.
    """
    if colon == _FULL_WIDTH_COLON or not text or text[0].isspace():
        return True
    return loose and (text[0].isalpha() or text[0] in "\"'\u201c\u00bf\u00a1")


def _is_name(text: str) -> bool:
    """Whether text before a colon looks like a name and not like the beginning of a sentence."""
    words = _PARENTHESIS.sub(" ", text).split()
    if not words or len(words) > _MAX_NAME_WORDS or not any(c.isalpha() for c in text):
        return False
    if any(c in text for c in "!?\u2026") or ", " in text or text.lower() in ("http", "https", "mailto"):
        return False
    # "alice" may be written small; of several words only particles may ("Jean van Damme", not "and then he said").
    return len(words) == 1 or not any(w[0].islower() and w.lower() not in _PARTICLES for w in words)


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
