"""Look for the faults of a corpus that make scores lie."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from erckit.conversation import Conversation
from erckit.corpora.corpus import Corpus
from erckit.corpora.load_corpus import CORPORA, corpus_source

_MIN_WORDS = 4
_MIN_SHARED = 3
_SHOWN = 10
_PUNCTUATION = re.compile(r"[^\w\s]")


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
    def across_splits(self) -> bool:
        """Whether they stand in different splits."""
        return self.first.partition("/")[0] != self.second.partition("/")[0]

    def __str__(self) -> str:
        relation = "=" if self.whole else "shares texts with"
        return (
            f"{self.first} {relation} {self.second}: {self.shared} utterances, {self.same_labels} with the same label"
        )


@dataclass(frozen=True, slots=True)
class SpeakerOverlap:
    """How well the speakers of a scored split are known from training.

    Args:
        split: The split.
        speakers: Distinct names of single persons in it.
        unseen_speakers: Those that never speak in train.
        known_share: Share of all its utterances by a single person who also speaks in train, 0 to 1.
        unseen_share: Share by a single person who does not.
        anonymous_share: Share by names that are not one person; the three sum to 1.
    """

    split: str
    speakers: int
    unseen_speakers: int
    known_share: float
    unseen_share: float
    anonymous_share: float


@dataclass(frozen=True, slots=True)
class CorpusCheck:
    """What was found.

    Args:
        name, version: Of the corpus.
        duplicates: Pairs of conversations with the same texts, or that share at least three longer ones.
        empty_texts: ``"split/conversation/utterance"`` of utterances without text.
        repeated_texts: Distinct texts of at least four words that occur more than once.
        conflicting_texts: Those of them that carry more than one label: text and its labels with counts.
        speakers: Overlap with train, for every other split.
        defects: Faults known from the literature.
    """

    name: str
    version: str
    duplicates: tuple[Duplicate, ...]
    empty_texts: tuple[str, ...]
    repeated_texts: int
    conflicting_texts: Mapping[str, Mapping[str, int]]
    speakers: tuple[SpeakerOverlap, ...]
    defects: tuple[str, ...]

    def lines(self) -> list[str]:
        """A report for the terminal."""
        lines = [f"{self.name} ({self.version})"]
        across = sum(d.across_splits for d in self.duplicates)
        lines.append(f"pairs of conversations that say the same: {len(self.duplicates)} ({across} across splits)")
        lines += [f"  {duplicate}" for duplicate in self.duplicates[:_SHOWN]]
        lines.append(f"utterances without text: {len(self.empty_texts)}")
        lines += [f"  {place}" for place in self.empty_texts[:_SHOWN]]
        lines.append(
            f"repeated texts of at least {_MIN_WORDS} words: {self.repeated_texts}, "
            f"with conflicting labels: {len(self.conflicting_texts)}"
        )
        for overlap in self.speakers:
            lines.append(
                f"{overlap.split}: {overlap.known_share:.1%} of utterances by speakers known from train, "
                f"{overlap.unseen_share:.1%} by others ({overlap.unseen_speakers} of {overlap.speakers} names), "
                f"{overlap.anonymous_share:.1%} anonymous"
            )
        return lines + [f"known: {defect}" for defect in self.defects]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        value = asdict(self)
        return {"corpus": value.pop("name"), **value}


def check_corpus(corpus: Corpus) -> CorpusCheck:
    """Duplicate conversations, empty texts, conflicting labels, and how far splits share speakers.

    Texts are compared without case and punctuation.
    """
    repeated, conflicting = _repeated_texts(corpus)
    return CorpusCheck(
        name=corpus.name,
        version=corpus.version,
        duplicates=_duplicates(corpus),
        empty_texts=tuple(
            f"{place}/{u.id}" for place, c in _conversations(corpus) for u in c.utterances if not u.text.strip()
        ),
        repeated_texts=repeated,
        conflicting_texts=conflicting,
        speakers=tuple(_overlap(corpus, split) for split in corpus.splits if split != "train"),
        defects=corpus_source(corpus.name).defects if corpus.name in CORPORA else (),
    )


def _simple(text: str) -> str:
    return " ".join(_PUNCTUATION.sub("", text.casefold()).split())


def _is_long(text: str) -> bool:
    """Whether a text is long enough for its repetition to mean something."""
    return len(text.split()) >= _MIN_WORDS


def _conversations(corpus: Corpus) -> Iterator[tuple[str, Conversation]]:
    for split, conversations in corpus.splits.items():
        for conversation in conversations:
            yield f"{split}/{conversation.id}", conversation


def _duplicates(corpus: Corpus) -> tuple[Duplicate, ...]:
    whole: dict[tuple[str, ...], list[str]] = {}
    places: dict[str, dict[str, str | None]] = {}  # long text -> where it stands -> its label there
    labels: dict[str, list[str | None]] = {}
    for place, conversation in _conversations(corpus):
        labels[place] = [u.label for u in conversation.utterances]
        whole.setdefault(tuple(u.text.casefold() for u in conversation.utterances), []).append(place)
        for utterance in conversation.utterances:
            if _is_long(text := _simple(utterance.text)):
                places.setdefault(text, {}).setdefault(place, utterance.label)
    found = {
        (first, second): Duplicate(
            first, second, True, len(texts), sum(a == b for a, b in zip(labels[first], labels[second], strict=True))
        )
        for texts, group in whole.items()
        for first, second in itertools.combinations(group, 2)
    }
    pairs: dict[tuple[str, str], list[bool]] = {}
    for standing in places.values():
        for first, second in itertools.combinations(standing, 2):
            pairs.setdefault((first, second), []).append(standing[first] == standing[second])
    for (first, second), same in pairs.items():
        if len(same) >= _MIN_SHARED and (first, second) not in found:
            found[first, second] = Duplicate(first, second, False, len(same), sum(same))
    return tuple(sorted(found.values(), key=lambda d: (not d.whole, -d.shared, d.first, d.second)))


def _repeated_texts(corpus: Corpus) -> tuple[int, dict[str, dict[str, int]]]:
    seen: dict[str, dict[str, int]] = {}
    for _, conversation in _conversations(corpus):
        for utterance in conversation.utterances:
            text = _simple(utterance.text)
            if _is_long(text) and utterance.label is not None:
                labels = seen.setdefault(text, {})
                labels[utterance.label] = labels.get(utterance.label, 0) + 1
    repeated = {text: labels for text, labels in seen.items() if sum(labels.values()) > 1}
    return len(repeated), {text: labels for text, labels in repeated.items() if len(labels) > 1}


def _overlap(corpus: Corpus, split: str) -> SpeakerOverlap:
    train = {u.speaker for c in corpus.splits.get("train", ()) for u in c.utterances} - corpus.anonymous_speakers
    speakers = [u.speaker for c in corpus.splits[split] for u in c.utterances]
    persons = set(speakers) - corpus.anonymous_speakers
    total = max(1, len(speakers))
    known = sum(speaker in train for speaker in speakers)
    anonymous = sum(speaker in corpus.anonymous_speakers for speaker in speakers)
    return SpeakerOverlap(
        split=split,
        speakers=len(persons),
        unseen_speakers=len(persons - train),
        known_share=known / total,
        unseen_share=(len(speakers) - known - anonymous) / total,
        anonymous_share=anonymous / total,
    )
