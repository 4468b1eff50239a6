"""WebVTT and SRT files with speakers: transcripts of meetings, subtitles."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass, field, replace

from erckit.errors import FormatError
from erckit.readers.build_conversation import UNKNOWN_SPEAKER, RawUtterance, add_conversation
from erckit.readers.formats.cues import Cue, parse_cues
from erckit.readers.source import Parsed, Source
from erckit.readers.split_speaker import split_speaker

_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?(?:\s([^<>]*))?>", re.IGNORECASE)
_TAG = re.compile(r"</?(?:[bicuv]|ruby|rt|lang|font|s)(?:[.\s][^<>]*)?>|<\d[\d:.]*>|\{\\[^{}]*\}", re.IGNORECASE)
_BRACKETS = re.compile(r"\[([^\[\]]{1,60})\]\s*:\s*(.*)", re.DOTALL)
# Captions that roll up time each word, and show every line twice.
_WORD_TIME = re.compile(r"<\d[\d:.]*>")
_SHOUT = re.compile(r"\s*>>+\s*")
_SENTENCE_END = tuple('.?!\u2026\u3002\uff1f\uff01\u061f\u0964"\u201d)')
_MAX_PAUSE = 2.0
_MAX_LENGTH = 400


@dataclass(slots=True)
class _Said:
    """An utterance that may grow: cues that continue it are joined."""

    id: str
    speaker: str | None
    parts: list[str]
    start: float
    end: float
    piece: str | None = None
    length: int = field(default=0)


class SubtitleReader:
    """Reads WebVTT and SRT.

    The speaker is the ``<v Name>`` of a cue (Teams) or the ``Name: `` its text begins with (Zoom). Where names
    stand in the text, a cue without one is said by the speaker before. Cues break sentences anywhere, so a cue
    is joined to the one before if the same speaker goes on within two seconds, the text so far does not end a
    sentence and is shorter than 400 characters; the pieces that Teams numbers ``12-0``, ``12-1`` are always joined.
    """

    def read(self, source: Source) -> Parsed:
        """The one conversation of ``source``; see :class:`Reader`."""
        parsed = Parsed()
        cues = parse_cues(source.text, parsed.left_out)
        if not cues:
            raise FormatError(
                source.path, "holds no cue with times such as 00:00:01.000 --> 00:00:02.500", "Export it again."
            )
        voiced = any(_VOICE.search(line) for cue in cues for line in cue.lines)
        said = _joined(_said(cues, voiced, parsed), parsed.notes)
        rows = [
            RawUtterance(text=" ".join(one.parts), speaker=one.speaker, id=one.id or None, start=one.start, end=one.end)
            for one in said
        ]
        add_conversation(parsed, source, source.path.stem, rows, line=cues[0].number)
        return parsed


def _said(cues: list[Cue], voiced: bool, parsed: Parsed) -> list[_Said]:
    """One entry for each voice of each cue."""
    found: list[_Said] = []
    last: str | None = None
    rolls = any(_WORD_TIME.search(line) for cue in cues for line in cue.lines)
    shown: set[str] = set()
    for cue in cues:
        if rolls:
            cue, shown = _without_repeats(cue, shown, parsed.notes)
            if not cue.lines:
                continue
        identifier = cue.id
        voices = _voices(cue) if voiced else _named(cue)
        if not voices:
            parsed.left_out["subtitles without text"] += 1
        for speaker, text in voices:
            if speaker is None and not voiced and last is not None:
                parsed.notes["subtitles without a name, taken as said by the speaker before"] += 1
                speaker = last
            last = speaker
            one = _Said(identifier, speaker, [text], cue.start, cue.end, _sentence(cue.id), len(text))
            found.append(one)
            identifier = ""  # one id for one utterance
    return found


def _sentence(identifier: str) -> str | None:
    """What the pieces of one sentence share in Teams, which names them GUID/12-0, GUID/12-1, ...; else None."""
    shared, _, number = identifier.rpartition("-")
    return shared if number.isdecimal() and shared[-1:].isdecimal() else None


def _without_repeats(cue: Cue, shown: set[str], notes: Counter[str]) -> tuple[Cue, set[str]]:
    """The cue without the lines that the cue before showed, and the lines it shows."""
    lines = [line for line in cue.lines if _plain(line)]
    new = tuple(line for line in lines if _plain(line) not in shown)
    notes["lines of rolling captions that were shown before, read once"] += len(lines) - len(new)
    return replace(cue, lines=new), {_plain(line) for line in lines}


def _voices(cue: Cue) -> list[tuple[str | None, str]]:
    """Speaker and text of every ``<v Name>`` in a cue; what stands before the first has no speaker."""
    text = " ".join(cue.lines)
    pieces = _VOICE.split(text)
    voices: list[tuple[str | None, str]] = [(None, pieces[0])]
    voices += [(_plain(name or "") or None, piece) for name, piece in zip(pieces[1::2], pieces[2::2], strict=True)]
    return [(name, plain) for name, piece in voices if (plain := _plain(piece))]


def _named(cue: Cue) -> list[tuple[str | None, str]]:
    """Speaker and text of every line that begins with a name; other lines go on."""
    voices: list[tuple[str | None, str]] = []
    for line in cue.lines:
        plain = _plain(line)
        shout = _SHOUT.match(plain)
        plain = plain[shout.end() :] if shout else plain
        brackets = _BRACKETS.fullmatch(plain)
        found = (brackets[1].strip(), brackets[2]) if brackets else split_speaker(plain)
        if found:
            voices.append((found[0], found[1]))
        elif plain and voices and not shout:
            speaker, text = voices[-1]
            voices[-1] = (speaker, f"{text} {plain}".strip())
        elif plain:
            # ">>" says that somebody else speaks, not who.
            voices.append((UNKNOWN_SPEAKER if shout else None, plain))
    return [(speaker, text) for speaker, text in voices if text]


def _plain(text: str) -> str:
    return html.unescape(_TAG.sub("", text)).replace("\u200e", "").replace("\u200f", "").strip()


def _joined(said: list[_Said], notes: Counter[str]) -> list[_Said]:
    joined: list[_Said] = []
    for one in said:
        before = joined[-1] if joined else None
        if before is not None and _goes_on(before, one):
            notes["subtitles joined to the utterance that they continue"] += 1
            before.parts += one.parts
            before.end = max(before.end, one.end)
            before.length += one.length + 1
        else:
            joined.append(one)
    return joined


def _goes_on(before: _Said, one: _Said) -> bool:
    if before.speaker != one.speaker:
        return False
    if one.piece is not None and one.piece == before.piece:
        return True
    if before.piece is not None or not -_MAX_PAUSE <= one.start - before.end <= _MAX_PAUSE:
        return False
    return not before.parts[-1].endswith(_SENTENCE_END) and before.length < _MAX_LENGTH
