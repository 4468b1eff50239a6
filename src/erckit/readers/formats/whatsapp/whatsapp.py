"""Chats that WhatsApp exported, on Android or iOS, in the language of the phone."""

from __future__ import annotations

import re
from collections import Counter, deque
from functools import lru_cache

from erckit.errors import FormatError
from erckit.readers.build_conversation import UNKNOWN_SPEAKER, RawUtterance, add_conversation
from erckit.readers.clean_text import clean_text
from erckit.readers.formats.whatsapp.whatsapp_dates import find_date_order, seconds_since_1970, written_moment
from erckit.readers.formats.whatsapp.whatsapp_lines import Entry, parse_entries
from erckit.readers.formats.whatsapp.whatsapp_remarks import REMARKS, read_message
from erckit.readers.source import Parsed, Source

_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\u061c]")
_OPENING = re.compile('["\u201c\u201e\u00ab\u2018]')
_MAX_NAME = 100
_MAX_WORDS = 12
_TIMES_SEEN = 3


class WhatsAppReader:
    """Reads the text file of an exported chat; one file is one conversation.

    Times are taken as UTC because the file names no time zone. Lines without a date go on with the message
    before. Left out and counted: remarks of the app, deleted messages, media without a caption.
    """

    def read(self, source: Source) -> Parsed:
        """The chat of ``source``; see :class:`Reader`."""
        parsed = Parsed()
        entries = parse_entries(source.text)
        stamps = [entry.stamp for entry in entries if entry.stamp is not None]
        if not stamps:
            raise FormatError(
                source.path, "has no line such as '31/12/2024, 23:59 - Ann: hi'", "Export the chat from WhatsApp again."
            )
        order = find_date_order(stamps, source.date_order, parsed.notes)
        names = _long_names(entries, parsed.notes)
        marks_tell = _marks_tell(entries, names)
        rows: list[RawUtterance] = []
        waiting = deque(entries)
        entries.clear()
        while waiting:  # an entry is let go of as soon as it is a row: chats of ten years are large
            row = _row(waiting.popleft(), names, order, marks_tell, parsed)
            if row is not None:
                rows.append(row)
        stem, parent = source.path.stem, source.path.parent.stem
        add_conversation(parsed, source, parent if stem == "_chat" and parent else stem, rows)
        return parsed


def _row(entry: Entry, names: list[str], order: str, marks_tell: bool, parsed: Parsed) -> RawUtterance | None:
    if entry.stamp is None:
        parsed.notes[f"lines before the first date, now by '{UNKNOWN_SPEAKER}'"] += entry.text.count("\n") + 1
        return RawUtterance(text=entry.text, speaker=UNKNOWN_SPEAKER)
    sender, text = _split(entry.text, names)
    if sender is None:
        parsed.left_out[REMARKS] += 1
        return None
    message = read_message(text, marks_tell)
    if message.left_out is not None:
        parsed.left_out[message.left_out] += 1
        return None
    extra: dict[str, object] = {}
    if message.edited:
        extra["edited"] = True
    if message.media:
        extra["media"] = True
    start = seconds_since_1970(entry.stamp, order)
    if start is None:
        parsed.notes["dates that do not exist, kept as they stand"] += 1
        extra["date"] = written_moment(entry.stamp)
    return RawUtterance(text=message.text, speaker=sender, start=start, extra=extra)


def _split(text: str, long_names: list[str]) -> tuple[str | None, str]:
    """Sender (None for a remark of the app) and text of an entry."""
    for name in long_names:
        if text.startswith(name + ":"):
            return _name(name), text[len(name) + 1 :].removeprefix(" ")
    name, colon, _ = text[: 2 * _MAX_NAME].partition("\n")[0].partition(":")
    follows = text[len(name) + 1 : len(name) + 2]
    if not colon or (follows and follows not in " \n\u200e\u00a0") or not _is_sender(name):
        return None, text
    return _name(name), text[len(name) + 1 :].removeprefix(" ")


def _marks_tell(entries: list[Entry], names: list[str]) -> bool:
    """Whether a left-to-right mark in front of a text says that the app wrote it: not where most texts have one."""
    said = [
        text for entry in entries if entry.stamp is not None for sender, text in [_split(entry.text, names)] if sender
    ]
    return sum(text.startswith("\u200e") for text in said) * 2 < len(said)


def _is_sender(text: str) -> bool:
    """Whether text before a colon is a sender and not a remark that quotes one: Ann changed the subject to "B: c"."""
    name = _name(text)
    return bool(name) and len(name) <= _MAX_NAME and len(name.split()) <= _MAX_WORDS and not _OPENING.search(name)


def _long_names(entries: list[Entry], notes: Counter[str]) -> list[str]:
    """Senders with a colon in their names: what always stands between the first two colons belongs to the name."""
    short: Counter[str] = Counter()
    long: dict[str, Counter[str]] = {}
    for entry in entries:
        pieces = entry.text.partition("\n")[0].split(": ", 2)
        if entry.stamp is None or len(pieces) < 2:
            continue
        short[pieces[0]] += 1
        if len(pieces) == 3 and len(pieces[1]) <= _MAX_NAME // 2:
            long.setdefault(pieces[0], Counter())[f"{pieces[0]}: {pieces[1]}"] += 1
    names = []
    for begin, found in long.items():
        always = [name for name, count in found.items() if count >= _TIMES_SEEN and sum(found.values()) == short[begin]]
        if always and len(always) == len(found):
            names += always
    for name in names:
        notes[f"'{clean_text(name)[:60]}' is taken for a sender, colon and all."] += 1
    return sorted(names, key=len, reverse=True)


@lru_cache(maxsize=1024)
def _name(text: str) -> str:
    """A sender without marks of direction and without the ~ in front of people who are not in the address book."""
    return clean_text(_MARKS.sub("", text).replace("\u00a0", " ").replace("\u202f", " ")).removeprefix("~").strip()
