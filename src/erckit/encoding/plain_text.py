"""Text as token ids, piece by piece, in which no control token can be smuggled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class PlainText:
    """Tokenises pieces of a prompt, each as it stands in the middle of a text.

    Args:
        tokenizer: A transformers tokenizer.

    Some tokenizers put a space in front of whatever they are given. Inside a prompt that space would be one too many
    at every seam, so it is taken away again.
    """

    tokenizer: Any
    _adds_space: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_adds_space", self._ids("a") == self._ids(" a"))

    def tokens(self, text: str) -> tuple[int, ...]:
        """Token ids of ``text``; ``<|im_end|>`` and its like are read as letters."""
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
