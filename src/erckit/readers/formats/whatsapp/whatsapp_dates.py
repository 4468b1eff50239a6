"""Which of the numbers of a WhatsApp date is the day: the phone's language decides, and the file does not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from erckit.readers.formats.whatsapp.whatsapp_lines import Stamp

DATE_ORDERS = ("dmy", "mdy", "ymd")


def find_date_order(stamps: Sequence[Stamp], wanted: str | None, notes: Counter[str]) -> str:
    """Order of day, month and year in a whole file.

    A year of four digits in front, a number above 12 and the rule that messages stand in the order they were
    sent decide it. Where they do not, a guess is made and noted.

    Args:
        stamps: Dates of all messages in file order.
        wanted: Order the user named, or None.
        notes: Takes the sentence that says what was guessed.
    """
    if wanted is not None:
        return wanted
    if sum(stamp.digits[0] == 4 for stamp in stamps) * 2 > len(stamps):
        return "ymd"
    if stamps and all(stamp.date[0] > 31 for stamp in stamps):
        return "ymd"
    first = sum(stamp.date[0] > 12 for stamp in stamps)
    second = sum(stamp.date[1] > 12 for stamp in stamps)
    if first != second:
        return "dmy" if first > second else "mdy"
    errors = {order: _backward(stamps, order) for order in ("dmy", "mdy")}
    if errors["dmy"] != errors["mdy"]:
        return min(errors, key=lambda order: errors[order])
    # The United States write 1/5/24 with AM and PM and no leading zeros; nearly everyone else begins with the day.
    american = all(
        stamp.afternoon is not None and stamp.digits[2] == 2 and "/" in stamp.written for stamp in stamps
    ) and any(stamp.digits[0] == 1 for stamp in stamps)
    guess, other = ("mdy", "dmy") if american else ("dmy", "mdy")
    if any(stamp.date[0] != stamp.date[1] for stamp in stamps):
        words = {"dmy": "day before month", "mdy": "month before day"}
        notes[
            f"nothing in the file tells days from months; read with the {words[guess]}. "
            f"Say --date-order {other} if it is the other way round."
        ] += 1
    return guess


def seconds_since_1970(stamp: Stamp, order: str) -> float | None:
    """Time of ``stamp``, read as UTC since the file names no time zone; None where there is no such day."""
    first, second, third = stamp.date
    year, month, day = {"dmy": (third, second, first), "mdy": (third, first, second), "ymd": stamp.date}[order]
    try:
        moment = datetime(year + 2000 if year < 100 else year, month, day, tzinfo=UTC)
        return (moment + timedelta(hours=_hour(stamp), minutes=stamp.minute, seconds=stamp.seconds)).timestamp()
    except (ValueError, OverflowError):
        return None


def written_moment(stamp: Stamp) -> str:
    """Date as it stands in the file, and time of day on a clock of 24 hours."""
    return f"{stamp.written} {_hour(stamp):02d}:{stamp.minute:02d}:{stamp.seconds:02d}"


def _hour(stamp: Stamp) -> int:
    if stamp.afternoon is None or stamp.hour > 12:
        return stamp.hour
    return stamp.hour % 12 + 12 * stamp.afternoon


def _backward(stamps: Sequence[Stamp], order: str) -> int:
    """How often a message would have been sent before the one above it, or on a day that does not exist."""
    times = [seconds_since_1970(stamp, order) for stamp in stamps]
    known = [time for time in times if time is not None]
    return len(times) - len(known) + sum(after < before for before, after in pairwise(known))
