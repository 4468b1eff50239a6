"""What a language model wrote, made fit to be shown, or refused."""

from __future__ import annotations

import re

_THINKING = re.compile(r"^\s*<think>.*?(</think>|\Z)", re.DOTALL)
_SENTENCE_END = re.compile(r"[.!?。！？](?=\s|$)")
_LEAST_VARIED = 0.3  # distinct words among all, below which a longer answer goes round in circles


def clean_biography(answer: str, max_words: int, is_cut: bool = False) -> str:
    """A description on one line, cut after a whole sentence where that is possible; ``""`` where there is none.

    Args:
        answer: As it was written.
        max_words: Longest description.
        is_cut: Whether the token limit ended it; its last sentence is then left out where there are others.
    """
    text = " ".join(_THINKING.sub("", answer).split()).strip("\"'` ")
    if is_cut:
        ends = [match.end() for match in _SENTENCE_END.finditer(text)]
        text = text[: ends[-1]] if ends else f"{text.rstrip(',;:')} ..."
    return "" if _is_nonsense(text, 3) else _cut(text, max_words)


def clean_characteristic(answer: str, max_words: int = 20) -> str:
    """The first line of an answer, without quotes, label or bullet; ``""`` where there is none."""
    lines = [line.strip() for line in _THINKING.sub("", answer).splitlines() if line.strip()]
    text = " ".join(lines[0].split()) if lines else ""
    text = re.sub(r"^([-*•]|\d+[.)])\s+", "", text).strip("\"'` ")
    return "" if _is_nonsense(text, 1) else _cut(text, max_words)


def _is_nonsense(text: str, least_words: int) -> bool:
    words = text.casefold().split()
    if len(words) < least_words or not any(character.isalpha() for character in text):
        # Scripts without spaces have one long word.
        return not (len(text) >= 8 and text.isalpha() and not text.isascii())
    return len(words) >= 12 and len(set(words)) < _LEAST_VARIED * len(words)


def _cut(text: str, max_words: int) -> str:
    words = text.split(" ")
    if len(words) <= max_words:
        return text
    cut = " ".join(words[:max_words])
    ends = [match.end() for match in _SENTENCE_END.finditer(cut)]
    return cut[: ends[-1]] if ends and ends[-1] >= len(cut) // 2 else cut.rstrip(",;:") + " ..."
