"""Other people's words inside a prompt: always one line, always in quotes they cannot close."""

from __future__ import annotations

from functools import lru_cache

_JOINER = "\u200d"  # holds composed emoji together
_LONGEST_NAME = 40  # characters; a name is a name, not a place for a message
_QUOTES = str.maketrans({'"': "'", "“": "'", "”": "'", "„": "'", "«": "'", "»": "'", "＂": "'"})
_NAME = str.maketrans(dict.fromkeys('":<>()[]{}#“”„«»＂：', " "))


@lru_cache(maxsize=1 << 16)
def quoted(text: str, max_words: int = 0) -> str:
    """``text`` on one line in double quotes; double quotes inside it become single ones.

    An utterance that brings line breaks, quotes or a made-up ``Name: "text"`` line stays inside its quotes, so that it
    cannot pass for another utterance, a question or an answer. Control-token look-alikes are left as they are: they are
    tokenised as text.

    Args:
        text: What somebody said.
        max_words: Words that are kept, with ``...`` for the rest; 0 keeps all.
    """
    words = "".join(c if c.isprintable() or c == _JOINER else " " for c in text.translate(_QUOTES)).split()
    if max_words and len(words) > max_words:
        words = [*words[:max_words], "..."]
    return f'"{" ".join(words)}"'


@lru_cache(maxsize=1 << 14)
def plain_name(speaker: str) -> str:
    """A speaker's name as it may stand in a prompt: one line, no quotes, colons or brackets, at most 40 characters."""
    name = "".join(c if c.isprintable() else " " for c in speaker.translate(_NAME))
    return " ".join(name.split())[:_LONGEST_NAME].strip() or "Somebody"


def plain_text(text: str, max_words: int = 0) -> str:
    """An annotation (a biography, a characteristic) as it may stand in a prompt: one line, no double quotes."""
    return quoted(text, max_words)[1:-1]
