"""Splits of a corpus that hold the same conversations, whatever the ids say."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from erckit.conversation import Conversation
from erckit.corpora.checks.normal_text import normal_texts

TOO_MUCH = 0.5  # share of a split from which it is no other split, but the same one


@dataclass(frozen=True, slots=True)
class SplitOverlap:
    """How many conversations of a split are verbatim in an earlier one; texts are compared by ``normal_text``.

    Args:
        split, other: The two splits, in the order test, dev, train.
        copies: Conversations of ``split`` that are in ``other``.
        conversations: All of ``split``.
        example: Ids of one of them, in ``split`` and in ``other``.
    """

    split: str
    other: str
    copies: int
    conversations: int
    example: tuple[str, str]

    @property
    def share(self) -> float:
        """Copies of all conversations of the split, in [0, 1]."""
        return self.copies / self.conversations

    def __str__(self) -> str:
        return (
            f"{self.copies:,} of {self.conversations:,} conversations of '{self.split}' are verbatim in '{self.other}' "
            f"(such as '{self.example[0]}', there '{self.example[1]}')"
        )


def split_overlaps(splits: Mapping[str, tuple[Conversation, ...]]) -> tuple[SplitOverlap, ...]:
    """The overlaps of every two splits that share a conversation.

    Args:
        splits: Train first, as every corpus has them.
    """
    known = {split: {normal_texts(c): c.id for c in reversed(found)} for split, found in splits.items()}
    overlaps = []
    for other, split in itertools.combinations(splits, 2):
        copies = [(c.id, known[other][key]) for c in splits[split] if (key := normal_texts(c)) in known[other]]
        if copies:
            overlaps.append(SplitOverlap(split, other, len(copies), len(splits[split]), copies[0]))
    return tuple(overlaps)
