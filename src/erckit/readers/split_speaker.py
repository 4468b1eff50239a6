"""The name in front of a line: ``Speaker: text``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from erckit.readers.clean_text import clean_text

_PARENTHESIS = re.compile(r"\([^()]*\)")
_FULL_WIDTH_COLON = "\uff1a"
_MAX_NAME_LENGTH = 60
_PARTICLES = frozenset("a and al bin da de del der di du el la le of on the to und van von y & +".split())
_MAX_NAME_WORDS = 6
_MAX_SHOWN_NAME = 256  # it stands wherever somebody is mentioned: a few bytes must not become many


def split_speaker(line: str, loose: bool = False) -> tuple[str, str] | None:
    """Name and text of ``line``, or None where it has no name in front.

    Args:
        line: One line without outer white space.
        loose: Whether a letter may follow the colon at once, as in ``A:hi``.
    """
    head = line[: _MAX_NAME_LENGTH + 1].replace(_FULL_WIDTH_COLON, ":")
    name, colon, _ = head.partition(":")
    text = line[len(name) + 1 :]
    if not colon or not _ends_name(line[len(name)], text, loose) or not _is_name(name):
        return None
    return name.strip(), text.strip()


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


def speaker_names(names: Mapping[str, str]) -> dict[str, str]:
    """A name for each id: the one given, with the id behind it where two people have the same, capitals aside.

    Args:
        names: Name of each id; empty where there is none, and the id itself is taken.
    """
    shown = {identifier: clean_text(name)[:_MAX_SHOWN_NAME] or identifier for identifier, name in names.items()}
    uses = Counter(name.casefold() for name in shown.values())
    return {
        identifier: name if uses[name.casefold()] == 1 or name == identifier else f"{name} ({identifier})"
        for identifier, name in shown.items()
    }
