"""How wide a text is on a terminal."""

from __future__ import annotations

import unicodedata


def display_width(text: str) -> int:
    """Columns that ``text`` takes: 2 for wide characters (East Asian, emoji), 0 for combining ones, else 1."""
    return sum(_width(character) for character in text)


def cut_to_width(text: str, width: int) -> str:
    """``text`` if it fits into ``width`` columns, else its beginning and an ellipsis; never wider than ``width``."""
    if display_width(text) <= width:
        return text
    kept, used = [], 0
    for character in text:
        used += _width(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "\u2026" if width > 0 else ""


def pad_to_width(text: str, width: int) -> str:
    """``text`` followed by spaces up to ``width`` columns."""
    return text + " " * max(0, width - display_width(text))


def _width(character: str) -> int:
    if ord(character) < 0x7F:
        return 1
    # Joiners and variation selectors are of category Cf and Mn.
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
