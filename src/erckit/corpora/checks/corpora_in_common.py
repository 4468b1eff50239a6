"""What two corpora share: conversations that are in both, whole or in part, under whatever names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from erckit.conversation import Conversation
from erckit.corpora.checks.normal_text import LONG, is_long, normal_text, normal_texts
from erckit.corpora.corpus import Corpus

_FEW = 2  # longer texts that two conversations share by more than chance
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class SharedConversation:
    """A conversation and the one of the other corpus that it shares most with.

    Args:
        place, other: ``"split/id"`` of each.
        shared: Different texts of four words or more that stand in both.
        texts: All such texts of the conversation.
        whole: Whether all texts of the two are the same, in order.
    """

    place: str
    other: str
    shared: int
    texts: int
    whole: bool

    @property
    def is_half(self) -> bool:
        """Whether at least half, and at least two, of its longer texts are shared."""
        return self.shared >= _FEW and 2 * self.shared >= self.texts


@dataclass(frozen=True, slots=True)
class SharedSplit:
    """How much of a split is in the other corpus.

    Args:
        split: The split.
        conversations: How many it has.
        whole: Those that are verbatim in the other.
        half: Those that share at least half, and at least two, of their longer texts with one conversation of it.
        few: Those that share at least two longer texts with one conversation of it.
        texts, texts_shared: Texts of four words or more, and how many of them occur there.
    """

    split: str
    conversations: int
    whole: int
    half: int
    few: int
    texts: int
    texts_shared: int

    def line(self) -> str:
        """For the terminal."""
        return (
            f"{self.split}: of {self.conversations:,} conversations {self.whole:,} are there verbatim, {self.half:,} "
            f"({self.half / max(1, self.conversations):.1%}) share at least half of their longer texts with one "
            f"conversation, {self.few:,} share at least {_FEW}; {self.texts_shared / max(1, self.texts):.1%} of all "
            "longer texts occur there"
        )


@dataclass(frozen=True, slots=True)
class SharedTexts:
    """What a corpus shares with another one. Longer texts have at least four words.

    Args:
        name, other: The corpora; of the other one perhaps a split, ``"meld/dev"``.
        versions: Of both.
        splits: One per split of the first.
        conversations: Those with at least two longer texts of one conversation of the other, or verbatim in it.
        labels: Label in the first, label in the other, of longer texts that occur once in each: how many.
        neutral: The neutral label of each, None where it has none.
    """

    name: str
    other: str
    versions: tuple[str, str]
    splits: tuple[SharedSplit, ...]
    conversations: tuple[SharedConversation, ...]
    labels: tuple[tuple[str, str, int], ...]
    neutral: tuple[str | None, str | None]

    @property
    def leave_out(self) -> tuple[str, ...]:
        """Ids of the conversations for ``leave_out`` of a recipe that is scored on the other corpus."""
        return tuple(sorted({one.place.partition("/")[2] for one in self.conversations}))

    def lines(self) -> list[str]:
        """A report for the terminal; the ids come last, as a recipe takes them."""
        lines = [f"{self.name} ({self.versions[0]}) against {self.other} ({self.versions[1]})"]
        lines += [split.line() for split in self.splits]
        lines += self._label_lines()
        if not self.conversations:
            return [*lines, f"no conversation shares {_FEW} longer texts (of {LONG} words or more) with one of them"]
        lines.append("shared texts:")
        lines += [
            f"  {one.place} {'=' if one.whole else 'shares texts with'} {one.other}: {one.shared} of {one.texts}"
            for one in self.conversations[:_SHOWN]
        ]
        if len(self.conversations) > _SHOWN:
            lines.append(f"  ... and {len(self.conversations) - _SHOWN:,} more, all of them with --json")
        lines.append(
            f"# of {self.name}: verbatim in {self.other}, or {_FEW} or more longer texts of one conversation there"
        )
        return [*lines, *_as_yaml(self.leave_out)]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        value = asdict(self)
        return {"corpus": value.pop("name"), "against": value.pop("other"), **value, "leave_out": list(self.leave_out)}

    def _label_lines(self) -> list[str]:
        total = sum(count for _, _, count in self.labels)
        lines = [f"longer texts that occur once in each: {total:,}"]
        ours, theirs = self.neutral
        if total and ours is not None and theirs is not None:
            both = sum(count for one, other, count in self.labels if one == ours and other == theirs)
            one_only = sum(count for one, other, count in self.labels if (one == ours) != (other == theirs))
            lines[0] += f"; neutral in both {both:,}, in one of them only {one_only:,}"
            here = [f"{one} {count:,}" for one, other, count in self.labels if other == theirs]
            lines.append(f"'{theirs}' of {self.other} is here: {', '.join(here)}")
        return lines


def find_shared_texts(corpus: Corpus, other: Corpus, split: str | None = None) -> SharedTexts:
    """Compare every conversation of a corpus with every one of another, without case, white space and punctuation.

    Args:
        corpus: Perhaps to be trained on.
        other: Perhaps to be scored on.
        split: One split of the other corpus; None takes all.

    Raises:
        CorpusError: The other corpus has no such split.
    """
    wanted = other.splits if split is None else {split: other.split(split)}
    theirs = [(f"{name}/{c.id}", c) for name, conversations in wanted.items() for c in conversations]
    originals = {normal_texts(c): place for place, c in reversed(theirs)}
    holders: dict[str, list[str]] = {}
    for place, conversation in theirs:
        for text in _long_texts(conversation):
            holders.setdefault(text, []).append(place)
    splits, found = [], []
    for name, conversations in corpus.splits.items():
        shared = [_closest(f"{name}/{c.id}", c, originals, holders) for c in conversations]
        long = [text for c in conversations for text in _all_long_texts(c)]
        known = sum(text in holders for text in long)
        half, few = sum(one.is_half for one in shared), sum(one.shared >= _FEW for one in shared)
        splits.append(SharedSplit(name, len(conversations), sum(s.whole for s in shared), half, few, len(long), known))
        found += [one for one in shared if one.shared >= _FEW or one.whole]
    return SharedTexts(
        name=corpus.name,
        other=other.name if split is None else f"{other.name}/{split}",
        versions=(corpus.version, other.version),
        splits=tuple(splits),
        conversations=tuple(sorted(found, key=lambda one: (not one.whole, -one.shared, one.place))),
        labels=_label_pairs(_single(c for cs in corpus.splits.values() for c in cs), _single(c for _, c in theirs)),
        neutral=(corpus.label_set.neutral, other.label_set.neutral),
    )


def _closest(
    place: str, conversation: Conversation, originals: Mapping[tuple[str, ...], str], holders: Mapping[str, list[str]]
) -> SharedConversation:
    texts = _long_texts(conversation)
    counts = Counter(other for text in texts for other in holders.get(text, ()))
    other, shared = min(counts.items(), key=lambda pair: (-pair[1], pair[0]), default=("", 0))
    whole = originals.get(normal_texts(conversation))
    if whole is not None:
        other, shared = whole, counts.get(whole, 0)
    return SharedConversation(place, other, shared, len(texts), whole is not None)


def _all_long_texts(conversation: Conversation) -> list[str]:
    return [normal_text(u.text) for u in conversation.utterances if is_long(u.text)]


def _long_texts(conversation: Conversation) -> set[str]:
    return set(_all_long_texts(conversation))


def _single(conversations: Iterable[Conversation]) -> dict[str, str | None]:
    """The label of each longer text that occurs once."""
    seen: dict[str, list[str | None]] = {}
    for conversation in conversations:
        for utterance in conversation.utterances:
            if is_long(utterance.text):
                seen.setdefault(normal_text(utterance.text), []).append(utterance.label)
    return {text: labels[0] for text, labels in seen.items() if len(labels) == 1}


def _label_pairs(ours: Mapping[str, str | None], theirs: Mapping[str, str | None]) -> tuple[tuple[str, str, int], ...]:
    pairs = Counter((ours[text], theirs[text]) for text in ours.keys() & theirs.keys())
    counted = [(one, other, n) for (one, other), n in pairs.items() if one is not None and other is not None]
    return tuple(sorted(counted, key=lambda pair: (-pair[2], pair[0], pair[1])))


def _as_yaml(ids: Iterable[str], width: int = 118) -> list[str]:
    """``leave_out: [...]`` over as many lines as it takes."""
    lines = ["leave_out: ["]
    line = " "
    for one in ids:
        word = one if one.replace("_", "").isalnum() and not one.isdecimal() else f'"{one}"'
        if len(line) + len(word) + 2 > width:
            lines.append(line)
            line = " "
        line += f" {word},"
    return [*lines, line.rstrip(","), "]"]
