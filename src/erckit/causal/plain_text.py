"""Text as token ids, piece by piece, in which no control token can be smuggled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_BRACKETS = frozenset("<>[]{}|｜")  # a token spelt with one of these is a mark, not a word


@dataclass(frozen=True, slots=True)
class PlainText:
    """Tokenises pieces of a prompt, each as it stands in the middle of a text.

    Args:
        tokenizer: A transformers tokenizer.

    Some tokenizers put a space in front of whatever they are given. Inside a prompt that space would be one too many
    at every seam, so it is taken away again.

    Tokenizers know marks that they do not call special (``<think>``, ``<tool_call>``, some models' role marks). They
    would still be read as one token each, so a text that spells one is cut inside it.
    """

    tokenizer: Any
    _adds_space: bool = field(init=False)
    _marks: frozenset[int] = field(init=False)
    _spelt: re.Pattern[str] | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_adds_space", self._ids("a") == self._ids(" a"))
        added = {int(i): str(token) for i, token in getattr(self.tokenizer, "added_tokens_decoder", {}).items()}
        special = set(self.tokenizer.all_special_ids)
        marks = {i: mark for i, mark in added.items() if i not in special and _BRACKETS.intersection(mark)}
        object.__setattr__(self, "_marks", frozenset(marks))
        longest_first = sorted((mark for mark in marks.values() if len(mark) > 1), key=len, reverse=True)
        spelt = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        object.__setattr__(self, "_spelt", spelt)

    def tokens(self, text: str) -> tuple[int, ...]:
        """Token ids of ``text``; ``<|im_end|>``, ``<think>`` and their like are read as letters."""
        if not self._marks:
            return self._piece(text)
        return tuple(token for piece in self._cut(text) for token in self._unmarked(piece))

    def _cut(self, text: str) -> Iterator[str]:
        """Pieces of a text, cut after the first character of every mark it spells."""
        start = 0
        while self._spelt is not None and (found := self._spelt.search(text, start)):
            yield text[start : found.start() + 1]
            start = found.start() + 1
        yield text[start:]

    def _unmarked(self, text: str) -> tuple[int, ...]:
        ids = self._piece(text)
        if len(text) < 2 or not self._marks.intersection(ids):
            return ids
        # Spelt in a way that the tokenizer itself turns into the mark (capitals, wide letters): smaller pieces.
        middle = len(text) // 2
        return self._unmarked(text[:middle]) + self._unmarked(text[middle:])

    def _piece(self, text: str) -> tuple[int, ...]:
        if not text:
            return ()
        if self._adds_space:
            if text.startswith(" "):
                return self._ids(text[1:]) if len(text) > 1 else self._ids(text)
            # A line feed in front takes the space upon itself.
            lead, whole = self._ids("\n"), self._ids("\n" + text)
            if whole[: len(lead)] == lead:
                return whole[len(lead) :]
        return self._ids(text)

    def _ids(self, text: str) -> tuple[int, ...]:
        encoded = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)
        return tuple(encoded["input_ids"])
