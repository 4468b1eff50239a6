"""Conversations that say the same as another one, whole or in part."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from erckit.conversation import Conversation
from erckit.corpora.checks.normal_text import is_long, normal_text, normal_texts
from erckit.corpora.corpus import Corpus

_MIN_SHARED = 3


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two conversations that say the same.

    Args:
        first, second: ``"split/id"`` of each.
        whole: Whether all their texts are the same, in order; else one replays a part of the other.
        shared: How many utterances they share.
        same_labels: How many of those have the same label in both.
    """

    first: str
    second: str
    whole: bool
    shared: int
    same_labels: int

    @property
    def splits(self) -> tuple[str, str]:
        """The splits in which they stand."""
        return self.first.partition("/")[0], self.second.partition("/")[0]

    @property
    def across_splits(self) -> bool:
        """Whether they stand in different splits."""
        return self.splits[0] != self.splits[1]

    def __str__(self) -> str:
        relation = "=" if self.whole else "shares texts with"
        utterances = "utterance" if self.shared == 1 else "utterances"
        return (
            f"{self.first} {relation} {self.second}: {self.shared} {utterances}, {self.same_labels} with the same label"
        )


@dataclass(frozen=True, slots=True)
class SplitCopies:
    """How much of a split is said elsewhere, too. Texts are compared by :func:`normal_text`.

    Args:
        split: The split.
        conversations: How many it has.
        surplus: Conversations that repeat an earlier one of the same split.
        in_train: Conversations that are verbatim in train.
        same_labels, copied: Of the utterances in those: how many have the label of the first copy in train, and
            how many there are that have one in both.
        half_in_train: Conversations that share at least half, and at least two, of their texts of four words or
            more with one conversation of train.
        texts, texts_in_train: Texts of four words or more, and how many of them occur in train.
    """

    split: str
    conversations: int
    surplus: int
    in_train: int
    same_labels: int
    copied: int
    half_in_train: int
    texts: int
    texts_in_train: int

    def lines(self) -> list[str]:
        """For the terminal."""
        lines = [f"{self.split}: {self.surplus:,} of {self.conversations:,} conversations repeat another one of it"]
        if self.split == "train":
            return lines
        lines.append(f"{self.split}: {self.in_train:,} of {self.conversations:,} conversations are verbatim in train")
        if self.copied:
            lines[-1] += f"; {self.same_labels / self.copied:.1%} of their {self.copied:,} labels are the same there"
        share = self.texts_in_train / max(1, self.texts)
        lines.append(
            f"{self.split}: {self.half_in_train:,} share half of their longer texts with one conversation of train; "
            f"{share:.1%} of all longer texts occur there"
        )
        return lines


def placed(corpus: Corpus) -> Iterator[tuple[str, Conversation]]:
    """Every conversation with its ``"split/id"``."""
    for split, conversations in corpus.splits.items():
        for conversation in conversations:
            yield f"{split}/{conversation.id}", conversation


def find_duplicates(corpus: Corpus) -> tuple[Duplicate, ...]:
    """Pairs of conversations with the same texts, or that share at least three of four words or more.

    Of several copies each is paired with the first only, so that a corpus with many has a list of bearable length.
    Whole copies come first, then the longest.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    standing: dict[str, dict[str, str | None]] = {}  # long text -> where it stands -> its label there
    labels: dict[str, list[str | None]] = {}
    for place, conversation in placed(corpus):
        texts = normal_texts(conversation)
        groups.setdefault(texts, []).append(place)
        labels[place] = [u.label for u in conversation.utterances]
        for text, utterance in zip(texts, conversation.utterances, strict=True):
            if is_long(utterance.text):
                standing.setdefault(text, {}).setdefault(place, utterance.label)
    whole = []
    copies: set[str] = set()
    for group in groups.values():
        copies.update(group[1:])
        for place in group[1:]:
            same = sum(a == b for a, b in zip(labels[group[0]], labels[place], strict=True))
            whole.append(Duplicate(group[0], place, True, len(labels[place]), same))
    shared: Counter[tuple[str, str]] = Counter()
    agreeing: Counter[tuple[str, str]] = Counter()
    for places in standing.values():
        kept = [place for place in places if place not in copies]  # a copy shares what its original shares
        for pair in itertools.combinations(kept, 2):
            shared[pair] += 1
            agreeing[pair] += places[pair[0]] == places[pair[1]]
    parts = [
        Duplicate(*pair, whole=False, shared=number, same_labels=agreeing[pair])
        for pair, number in shared.items()
        if number >= _MIN_SHARED
    ]
    return tuple(sorted((*whole, *parts), key=lambda d: (not d.whole, -d.shared, d.first, d.second)))


def count_copies(corpus: Corpus) -> tuple[SplitCopies, ...]:
    """For every split, how much of it is said elsewhere, too."""
    train = corpus.splits.get("train", ())
    originals: dict[tuple[str, ...], Conversation] = {}
    holders: dict[str, list[int]] = {}  # long text -> conversations of train
    for number, conversation in enumerate(train):
        originals.setdefault(normal_texts(conversation), conversation)
        for text in _long_texts(conversation):
            holders.setdefault(text, []).append(number)
    return tuple(_split_copies(corpus, split, originals, holders) for split in corpus.splits)


def count_in_both(corpus: Corpus) -> dict[str, int]:
    """For every two splits other than train, how many conversations of the first are verbatim in the second."""
    found = {}
    for first, second in itertools.combinations([split for split in corpus.splits if split != "train"], 2):
        known = {normal_texts(c) for c in corpus.splits[second]}
        found[f"{first} and {second}"] = len({normal_texts(c) for c in corpus.splits[first]} & known)
    return found


def _split_copies(
    corpus: Corpus, split: str, originals: dict[tuple[str, ...], Conversation], holders: dict[str, list[int]]
) -> SplitCopies:
    conversations = corpus.splits[split]
    seen: set[tuple[str, ...]] = set()
    in_train = same = copied = half = texts = known = 0
    for conversation in conversations:
        key = normal_texts(conversation)
        seen.add(key)
        if split == "train":
            continue
        original = originals.get(key)
        if original is not None:
            in_train += 1
            for one, other in zip(conversation.utterances, original.utterances, strict=True):
                copied += one.label is not None and other.label is not None
                same += one.label is not None and one.label == other.label
        long = [normal_text(u.text) for u in conversation.utterances if is_long(u.text)]
        texts += len(long)
        known += sum(text in holders for text in long)
        shared = Counter(number for text in set(long) for number in holders.get(text, ()))
        most = max(shared.values(), default=0)
        half += most >= 2 and 2 * most >= len(set(long))
    return SplitCopies(
        split, len(conversations), len(conversations) - len(seen), in_train, same, copied, half, texts, known
    )


def _long_texts(conversation: Conversation) -> set[str]:
    return {normal_text(u.text) for u in conversation.utterances if is_long(u.text)}
