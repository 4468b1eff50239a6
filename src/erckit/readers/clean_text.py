"""The text rule: what is changed in a text as it is read, and nothing else is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# C1 code points are Windows-1252 bytes that someone read as Latin-1 (U+0092 is an apostrophe).
_CONTROLS: dict[int, str] = {}
for _code in range(0x80, 0xA0):
    _CONTROLS[_code] = bytes([_code]).decode("cp1252", errors="ignore")
_CONTROLS.update(dict.fromkeys((*range(0x20), 0x7F), ""))
_CONTROLS.update(dict.fromkeys(map(ord, "\t\r\n"), " "))
# Half of a surrogate pair is no character and cannot be written as UTF-8.
_CONTROLS.update(dict.fromkeys(range(0xD800, 0xE000), "\ufffd"))
_SURROGATE = re.compile("[\ud800-\udfff]")
_DROPPED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def clean_text(text: str) -> str:
    """``text`` without control characters and outer white space.

    Windows-1252 bytes read as Latin-1 become their character, tab and line ends become a space, other
    control characters are dropped, a lone surrogate becomes U+FFFD. Typographic quotes, case, emoji and
    inner spaces stay.
    """
    return text.translate(_CONTROLS).strip()


def has_dropped_characters(text: str) -> bool:
    """Whether :func:`clean_text` drops a control character from ``text``."""
    return _DROPPED.search(text) is not None


def well_formed(value: Any) -> Any:
    """``value`` with U+FFFD for halves of surrogate pairs in all its texts, which could not be written as UTF-8.

    Args:
        value: A text, or lists and tables with texts in them, keys included; anything else comes back as it is.
    """
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {well_formed(key): well_formed(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [well_formed(entry) for entry in value]
    return value
