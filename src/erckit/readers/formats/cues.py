"""The timed pieces that WebVTT and SRT files are made of."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from erckit.readers.parse_seconds import parse_seconds

_STAMP = r"(?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_TIMING = re.compile(rf"\s*({_STAMP})\s*-->\s*({_STAMP})(?:\s.*)?")
# Blocks of WebVTT that nobody says.
_ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)|WEBVTT(?:\s|$)|X-TIMESTAMP-MAP")


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines that are shown for a while.

    Args:
        id: What stands above its times: a number, an identifier, or nothing.
        start: Seconds.
        end: Seconds.
        lines: What is shown, as it stands in the file.
        number: 1-based line of the file its times stand in.
    """

    id: str
    start: float
    end: float
    lines: tuple[str, ...]
    number: int


def has_cues(text: str) -> bool:
    """Whether one of the first three lines that are not blank holds a cue's times."""
    lines: list[str] = []
    for line in text[:4000].split("\n"):
        if line.strip():
            lines.append(line)
        if len(lines) == 3:
            break
    return any(_TIMING.fullmatch(line) for line in lines)


def parse_cues(text: str, left_out: Counter[str]) -> list[Cue]:
    """Cues of a WebVTT or SRT file in file order.

    Args:
        text: The file. A cue whose last blank line is missing ends where the next one's times begin.
        left_out: Counts blocks that are no cues.
    """
    lines = text.split("\n")
    cues: list[Cue] = []
    position = 0
    while position < len(lines):
        block_start = position
        while position < len(lines) and lines[position].strip():
            position += 1
        _parse_block(lines[block_start:position], block_start + 1, cues, left_out)
        position += 1
    return cues


def _parse_block(block: list[str], number: int, cues: list[Cue], left_out: Counter[str]) -> None:
    """Cues of the lines between two blank lines: one as a rule, more where blank lines are missing."""
    timings = [place for place, line in enumerate(block) if "-->" in line and _TIMING.fullmatch(line)]
    before = block[: timings[0]] if timings else block
    if before and _ASIDE.match(before[0].lstrip("\ufeff")):
        header = number == 1 and not timings
        if not header and not before[0].lstrip("\ufeff").startswith("WEBVTT"):
            left_out["notes, styles and regions of the subtitles"] += 1
    elif not timings and any(line.strip("\0 \t") for line in block):
        # A lone number is a cue without text, which SRT files have where a line was deleted.
        reason = "subtitles without text" if block[0].strip().isdigit() and len(block) == 1 else None
        left_out[reason or "blocks of text without a time"] += 1
    elif len(before) > 1:
        left_out["blocks of text without a time"] += 1
    for place, timing in enumerate(timings):
        stamps = _TIMING.fullmatch(block[timing])
        start, end = (parse_seconds(stamp) for stamp in stamps.groups()) if stamps else (None, None)
        above = block[timing - 1].strip() if timing and (not place or timing - 1 > timings[place - 1]) else ""
        is_last = place + 1 == len(timings)
        following = len(block) if is_last else timings[place + 1]
        if not is_last and following - 1 > timing and block[following - 1].strip().isdigit():
            following -= 1
        elif place and not above.isdigit():
            above = ""  # the line above is what the cue before shows
        if above and _ASIDE.match(above):
            above = ""
        shown = tuple(block[timing + 1 : following])
        if start is not None and end is not None:
            cues.append(Cue(above, start, max(start, end), shown, number + timing))
