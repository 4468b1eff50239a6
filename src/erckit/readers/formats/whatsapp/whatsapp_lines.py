"""The lines of a WhatsApp export: where a message begins, when it was sent."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

# Marks of writing direction that WhatsApp puts around dates, names and its own remarks.
_DIRECTION = dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u061c"))
_SPACES = dict.fromkeys(map(ord, "\u00a0\u202f\u2009\u2007\u3000"), " ")
_HEADER_LENGTH = 100  # longer than any date

# Before noon and after noon as phones write them, without dots and spaces, in small letters.
_MORNING = "am a vm fm vorm πμ öö de dop sa pg 上午 凌晨 早上 清晨 오전 午前 ص पूर्वाह्न ก่อนเที่ยง قظ дп".split()
_AFTERNOON = "pm p nm em nachm μμ ös du odp ch ptg 下午 中午 晚上 오후 午後 م अपराह्न หลังเที่ยง بظ пп".split()
_MERIDIEM = {**dict.fromkeys(_MORNING, False), **dict.fromkeys(_AFTERNOON, True)}

_DATE = r"(?P<first>\d{1,4})\s?[./\-年]\s?(?P<second>\d{1,2})\s?[./\-月]\s?(?P<third>\d{1,4})[.日]?"
_KOREAN_DATE = r"(?P<first>\d{4})년\s(?P<second>\d{1,2})월\s(?P<third>\d{1,2})일"
_BETWEEN = r"(?:[,\u060c]\s?|\s)(?:(?:à|às|as|um|klo|kl\.?|at|a las|alle|alle ore|в|о|o|u|ob|la|pukul)\s)?"
_WORD = r"[^\W\d_][^\s\d\[\],:]{0,14}(?:\s[^\W\d_]\.)?"
_CLOCK = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<seconds>\d{2}))?"
_TIME = rf"(?:(?P<before>{_WORD})\s?)?{_CLOCK}(?:\s?(?P<after>{_WORD}))?"
_STYLES = {
    "brackets": re.compile(rf"\[{_DATE}{_BETWEEN}{_TIME}\]\s?"),
    "dash": re.compile(rf"{_DATE}{_BETWEEN}{_TIME}\s[-\u2013\u2014]\s"),
    "comma": re.compile(rf"{_KOREAN_DATE}\s{_TIME},\s"),
}


@dataclass(frozen=True, slots=True)
class Stamp:
    """Date and time as they stand in a line: three numbers whose order is not known yet.

    Args:
        date: The three numbers of the date.
        digits: How many digits each has.
        written: The date as it stands in the file.
        hour, minute, seconds: The clock.
        afternoon: Whether it says so; None on a clock of 24 hours.
    """

    date: tuple[int, int, int]
    digits: tuple[int, int, int]
    written: str
    hour: int
    minute: int
    seconds: int
    afternoon: bool | None


@dataclass(slots=True)
class Entry:
    """A message or remark of the app.

    Args:
        stamp: When it was sent; None for lines before the first date of the file.
        text: Its lines; the first begins with the sender, if it has one.
    """

    stamp: Stamp | None
    text: str


def is_whatsapp(text: str) -> bool:
    """Whether a text begins like a WhatsApp export, or like a piece cut out of one."""
    lines = _first_lines(text)
    found = sum(_match(line) is not None for line in lines)
    return bool(lines) and (_match(lines[0]) is not None or (found > 1 and found * 5 >= len(lines)))


def parse_entries(text: str) -> list[Entry]:
    """All entries of an export in file order.

    A file has one style, brackets (iOS) or dashes (Android), which its beginning shows: a line of the other
    style is text that somebody copied into a message.
    """
    styles = Counter(found[0] for line in _first_lines(text) if (found := _match(line)) is not None)
    style = styles.most_common(1)[0][0] if styles else None
    entries: list[Entry] = []
    stamp: Stamp | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        found = _match(line)
        if found is not None and style in (None, found[0]):
            if lines:
                entries.append(Entry(stamp, "\n".join(lines)))
            style, stamp, lines = found[0], found[1], [found[2]]
        elif lines or line.strip("\0 \t\ufeff"):
            lines.append(line)
    if lines:
        entries.append(Entry(stamp, "\n".join(lines)))
    return entries


def _first_lines(text: str) -> list[str]:
    return [line for line in text[:40_000].split("\n")[:200] if line.strip()]


def _match(line: str) -> tuple[str, Stamp, str] | None:
    """Style, date and rest of a line that begins with a date, else None."""
    start = line[:1]
    if not start or not (start.isdecimal() or start == "[" or ord(start) in _DIRECTION):
        return None
    head = line[:_HEADER_LENGTH].translate(_DIRECTION).translate(_SPACES)
    for style, pattern in _STYLES.items():
        found = pattern.match(head)
        if found is not None:
            stamp = _stamp(found)
            return (style, stamp, _rest(line, found.end())) if stamp else None
    return None


def _rest(line: str, length: int) -> str:
    """``line`` after its first ``length`` characters, not counting marks of direction.

    Marks that stand right before the rest belong to it.
    """
    place = length
    if not line.isascii():
        place = 0
        while length:
            length -= ord(line[place]) not in _DIRECTION
            place += 1
    return line[place:]


def _stamp(found: re.Match[str]) -> Stamp | None:
    hour, minute, seconds = int(found["hour"]), int(found["minute"]), int(found["seconds"] or 0)
    if hour > 24 or minute > 59 or seconds > 60:
        return None
    afternoon = None
    named = found["before"] or found["after"]
    if named:
        afternoon = _MERIDIEM.get(re.sub(r"[.\s]", "", named).casefold())
        if afternoon is None:
            return None
    first, third = found["first"], found["third"]
    # The year has four digits and stands in front, or has two or four and stands behind: 1.2.3 is a version.
    if len(first) == 3 or len(third) not in ((1, 2) if len(first) == 4 else (2, 4)):
        return None
    return Stamp(*_date(found.string[found.start("first") : found.end("third")]), hour, minute, seconds, afternoon)


@lru_cache(maxsize=1024)
def _date(written: str) -> tuple[tuple[int, int, int], tuple[int, int, int], str]:
    """Numbers, their digits and the date itself; the many messages of a day share them."""
    first, second, third = re.findall(r"\d+", written)
    return (int(first), int(second), int(third)), (len(first), len(second), len(third)), written
