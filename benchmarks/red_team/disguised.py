"""Words written so that a filter for the plain words would not find them."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Callable

_LEET = str.maketrans("aeiostAEIOST", "431057431057")
_FORM = re.compile(r"\{([a-z0-9]+):([^{}]*)\}")


def _moved(text: str, first: int, start: str) -> str:
    """Letters a to z of ``text`` as the 26 signs from ``first`` on."""
    return "".join(chr(first + ord(c) - ord(start)) if "a" <= c <= "z" else c for c in text.lower())


DISGUISES: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "reversed": lambda text: text[::-1],
    "spaced": " ".join,
    "dotted": ".".join,
    "zerowidth": "\u200b".join,
    "upper": str.upper,
    "hex": lambda text: text.encode().hex(" "),
    "leet": lambda text: text.translate(_LEET),
    "acrostic": lambda text: " ".join(f"{c.upper()}..." for c in text),
    "half1": lambda text: text[: len(text) // 2],
    "half2": lambda text: text[len(text) // 2 :],
    "fullwidth": lambda text: _moved(text, 0xFF41, "a"),
    "bold": lambda text: _moved(text, 0x1D41A, "a"),
    # tag characters are invisible, and some models read them as the letters they mirror
    "tags": lambda text: "".join(chr(0xE0000 + ord(c)) for c in text if " " <= c <= "~"),
}


def disguised(text: str) -> str:
    """``text`` with every ``{disguise:words}`` of a known disguise replaced by the words in that disguise."""

    def replace(found: re.Match[str]) -> str:
        disguise = DISGUISES.get(found.group(1))
        return found.group() if disguise is None else disguise(found.group(2))

    return _FORM.sub(replace, text)
