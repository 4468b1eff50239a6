"""Splits derived from the published ones, made when they are first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from erckit.conversation import Conversation
from erckit.corpora.checks.normal_text import normal_texts

DEDUP = "-dedup"


@dataclass(frozen=True, slots=True)
class Variants(Mapping[str, tuple[Conversation, ...]]):
    """``"<split>-dedup"``: a split without the conversations that are verbatim in train.

    Two conversations are the same when their texts are, without case, white space and punctuation.

    Args:
        splits: The published splits.
        scored: Names of those a variant is made of; one that is not there, or is train itself, has none.
    """

    splits: Mapping[str, tuple[Conversation, ...]]
    scored: frozenset[str]
    made: dict[str, tuple[Conversation, ...]] = field(init=False, default_factory=dict)

    def __getitem__(self, name: str) -> tuple[Conversation, ...]:
        if name not in set(self):
            raise KeyError(name)
        if name not in self.made:
            self.made[name] = without_copies(self.splits[base_split(name)], self.splits["train"])
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        if "train" in self.splits:
            for split in self.splits:
                if split in self.scored and split != "train":
                    yield split + DEDUP

    def __len__(self) -> int:
        return sum(1 for _ in self)


def base_split(name: str) -> str:
    """The published split that a variant is made of; any other name is returned as it is."""
    return name.removesuffix(DEDUP)


def without_copies(conversations: Iterable[Conversation], train: Iterable[Conversation]) -> tuple[Conversation, ...]:
    """Conversations whose texts, all of them in order, are not those of one in ``train``."""
    known = {normal_texts(conversation) for conversation in train}
    return tuple(conversation for conversation in conversations if normal_texts(conversation) not in known)
