"""Other people's words inside a prompt: always one line, always in quotes they cannot close."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_JOINER = "\u200d"  # holds composed emoji together
_NON_JOINER = "\u200c"  # stands inside Persian and Indic words
_LETTERS_PER_WORD = 12  # of a text that is cut; text without spaces is cut by these
_LONGEST_NAME = 40  # characters; a name is a name, not a place for a message
_QUOTES = str.maketrans({'"': "'", "“": "'", "”": "'", "„": "'", "«": "'", "»": "'", "＂": "'"})
_NAME = str.maketrans(dict.fromkeys('":<>()[]{}#“”„«»＂：﹕︓', " "))
_FENCE = re.compile("#{3,}")  # stands around the history in published layouts
# How lines of erckit's own begin: somebody of that name would write an answer or an example.
_HEADING = re.compile(
    r"(emotions?|examples?|conversation|line)$|(emotions? of|about|once|lately|choose the)\b", re.IGNORECASE
)


@lru_cache(maxsize=1 << 16)
def quoted(text: str, max_words: int = 0) -> str:
    """``text`` on one line in double quotes; double quotes inside it become single ones.

    An utterance that brings line breaks, quotes or a made-up ``Name: "text"`` line stays inside its quotes, so that it
    cannot pass for another utterance, a question or an answer. Three number signs and more become two, so that it
    cannot close the fence that some layouts have. Control-token look-alikes are left as they are: they are tokenised
    as text.

    Args:
        text: What somebody said.
        max_words: Words that are kept, with ``...`` for the rest, and at most twelve characters for each of them; 0
            keeps all.
    """
    words = _printable(text.translate(_QUOTES)).split()
    kept = " ".join(words[:max_words] if max_words else words)
    if max_words and (len(words) > max_words or len(kept) > max_words * _LETTERS_PER_WORD):
        kept = f"{kept[: max_words * _LETTERS_PER_WORD].rstrip()} ..."
    return f'"{_FENCE.sub("##", kept)}"'


def _printable(text: str) -> str:
    """The text with spaces in place of what is not printed; signs that join letters stay where they do."""
    return "".join(
        c if c.isprintable() or c == _JOINER or (c == _NON_JOINER and _is_inside(text, i)) else " "
        for i, c in enumerate(text)
    )


def _is_inside(text: str, i: int) -> bool:
    """Whether letters, or marks on them, stand on both sides of a character."""
    return 0 < i < len(text) - 1 and all(unicodedata.category(text[at])[0] in "LM" for at in (i - 1, i + 1))


@lru_cache(maxsize=1 << 14)
def plain_name(speaker: str) -> str:
    """A speaker's name as it may stand in a prompt: one line, no quotes, colons or brackets, at most 40 characters.

    A name that reads like the beginning of one of erckit's own lines (``Emotion``, ``About Ana``) gets the word
    ``Speaker`` in front.
    """
    name = "".join(c if c.isprintable() else " " for c in speaker.translate(_NAME))
    name = " ".join(name.split())
    if _HEADING.match(name):
        name = f"Speaker {name}"
    return name[:_LONGEST_NAME].strip() or "Somebody"


def plain_names(speakers: Sequence[str]) -> tuple[str, ...]:
    """The names of a conversation's utterances as they stand in its prompt: two speakers never share one.

    Somebody who is called like another but for signs that a prompt leaves out (``Ana`` and ``Ana:``) would otherwise
    speak in the other's name. Who comes later gets a number. A name depends on nothing said after it.

    Args:
        speakers: Of each utterance, in order.
    """
    given: dict[str, str] = {}
    taken: set[str] = set()
    for speaker in speakers:
        if speaker in given:
            continue
        name, number = plain_name(speaker), 1
        while name in taken:
            number += 1
            end = f" {number}"
            name = plain_name(speaker)[: _LONGEST_NAME - len(end)].rstrip() + end
        given[speaker] = name
        taken.add(name)
    return tuple(given[speaker] for speaker in speakers)


def plain_text(text: str, max_words: int = 0) -> str:
    """An annotation (a biography, a characteristic) as it may stand in a prompt: one line, no double quotes."""
    return quoted(text, max_words)[1:-1]
