"""Times as people and programs write them, in seconds."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2}(?:[.,]\d{1,9})?)")


def parse_seconds(value: object) -> float | None:
    """Seconds that ``value`` stands for, or None where it is no time.

    Args:
        value: Seconds as a number or text, ``[HH:]MM:SS[.mmm]``, or an ISO date with a time (without a
            time zone it is taken as UTC so that the result is the same everywhere).

    Returns:
        A finite number of seconds; for a date, seconds since 1970.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return _finite(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, seconds = clock.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
    try:
        return _finite(float(text))
    except ValueError:
        pass
    if len(text) < 12:  # "20240101" alone is a number or a date without a time
        return None
    try:
        date = datetime.fromisoformat(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _finite(value: float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
