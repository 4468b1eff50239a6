"""Count a corpus, and hold the counts against the published ones."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from erckit.conversation import Conversation
from erckit.corpora.corpus import Corpus

# Names of the rows, in the order in which they are printed.
_ROWS = {
    "conversations": "conversations",
    "utterances": "utterances",
    "speakers": "distinct speakers",
    "words_mean": "words per utterance, mean",
    "words_max": "words per utterance, max",
    "length_mean": "utterances per conversation, mean",
    "length_min": "utterances per conversation, min",
    "length_max": "utterances per conversation, max",
    "speakers_per_conversation": "speakers per conversation, mean",
    "one_utterance": "conversations of one utterance",
    "one_speaker": "conversations of one speaker",
    "emotions_per_conversation": "distinct labels per conversation, mean",
    "changes_same_speaker": "label changes, same speaker",
    "changes_any_neighbour": "label changes, any neighbour",
    "labelled": "utterances with a gold label",
}


@dataclass(frozen=True, slots=True)
class SplitStatistics:
    """Counts of one split; means are rounded to two decimals.

    Args:
        conversations, utterances: How many.
        speakers: Distinct names.
        words_mean, words_max: Words between white space, per utterance.
        length_mean, length_min, length_max: Utterances per conversation.
        speakers_per_conversation: Mean of distinct names.
        one_utterance, one_speaker: Conversations with a single one.
        emotions_per_conversation: Mean of distinct labels.
        changes_same_speaker: Times a speaker's label differs from the same speaker's last one in the
            conversation.
        changes_any_neighbour: Times a label differs from the label of the utterance before.
        labelled: Utterances with a gold label; the others are context and have no part in the rows on labels.
        labels: Utterances per label, most frequent first.
    """

    conversations: int
    utterances: int
    speakers: int
    words_mean: float
    words_max: int
    length_mean: float
    length_min: int
    length_max: int
    speakers_per_conversation: float
    one_utterance: int
    one_speaker: int
    emotions_per_conversation: float
    changes_same_speaker: int
    changes_any_neighbour: int
    labelled: int
    labels: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain values by field name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A count that is not the published one.

    Args:
        split: Name of the split.
        key: Field of :class:`SplitStatistics`.
        what: The count in words.
        found: As counted here.
        published: As published.
    """

    split: str
    key: str
    what: str
    found: float
    published: float

    def __str__(self) -> str:
        return f"{self.split}: {self.what} is {self.found:,}, published {self.published:,}"


@dataclass(frozen=True, slots=True)
class CorpusStatistics:
    """Counts of every split, beside the published ones.

    Args:
        name, version: Of the corpus.
        splits: By name.
        published: Published counts by split, keys of :class:`SplitStatistics`; empty where none are known.
        missing: Published splits that are not on this machine; they are not compared.
    """

    name: str
    version: str
    splits: Mapping[str, SplitStatistics]
    published: Mapping[str, Mapping[str, Any]]
    missing: Mapping[str, str] = field(default_factory=dict)

    def mismatches(self) -> tuple[Mismatch, ...]:
        """Counts that are not the published ones, of the splits that are here."""
        found = []
        for split, expected in self.published.items():
            if split in self.missing:
                continue
            actual = self.splits[split].to_dict() if split in self.splits else {}
            for key, value in expected.items():
                pairs = (
                    [(f"label '{label}'", actual.get("labels", {}).get(label, 0), n) for label, n in value.items()]
                    if key == "labels"
                    else [(_ROWS[key], actual.get(key, 0), value)]
                )
                # means are published with two decimals; a difference in the last one is rounding
                found += [
                    Mismatch(split, key, what, got, want) for what, got, want in pairs if abs(got - want) > 0.00501
                ]
        return tuple(found)

    def lines(self) -> list[str]:
        """A table for the terminal, and whether it agrees with the publication."""
        names = list(self.splits)
        lines = [f"{self.name} ({self.version})", _row("", names)]
        all_labelled = all(split.labelled == split.utterances for split in self.splits.values())
        for key, title in _ROWS.items():
            if key == "labelled" and all_labelled:
                continue
            lines.append(_row(title, [_number(getattr(self.splits[split], key)) for split in names]))
        labels = dict.fromkeys(label for split in self.splits.values() for label in split.labels)
        for label in labels:
            cells = []
            for split in self.splits.values():
                count = split.labels.get(label, 0)
                cells.append(f"{count:,} ({count / max(1, split.labelled):.1%})")
            lines.append(_row(f"label {label}", cells))
        lines += [f"Not compared: {split} is not here ({why})." for split, why in self.missing.items()]
        if not any(self.published.get(split) for split in self.splits):
            return [*lines, "No published counts are known for this corpus."]
        mismatches = self.mismatches()
        if not mismatches:
            which = "All counts" if not self.missing else f"All counts of {' and '.join(self.splits)}"
            return [*lines, f"{which} match the published ones."]
        return [*lines, f"{len(mismatches)} counts do not match the published ones:", *(f"  {m}" for m in mismatches)]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "corpus": self.name,
            "version": self.version,
            "splits": {name: split.to_dict() for name, split in self.splits.items()},
            "published": {name: dict(split) for name, split in self.published.items()},
            "missing": dict(self.missing),
            "mismatches": [asdict(mismatch) for mismatch in self.mismatches()],
        }


def corpus_statistics(corpus: Corpus) -> CorpusStatistics:
    """Counts of every split of ``corpus``, beside the published ones where they are known."""
    # A mapped corpus has other labels than the published ones.
    published = {} if corpus.mapping else corpus.published
    splits = {name: split_statistics(conversations) for name, conversations in corpus.splits.items()}
    return CorpusStatistics(corpus.name, corpus.version, splits, published, corpus.missing)


def split_statistics(conversations: Sequence[Conversation]) -> SplitStatistics:
    """Counts of some conversations, at least one."""
    utterances = [u for c in conversations for u in c.utterances]
    words = [len(u.text.split()) for u in utterances]
    lengths = [len(c) for c in conversations]
    labels = Counter(u.label for u in utterances if u.label is not None)
    return SplitStatistics(
        conversations=len(conversations),
        utterances=len(utterances),
        speakers=len({u.speaker for u in utterances}),
        words_mean=_mean(words),
        words_max=max(words),
        length_mean=_mean(lengths),
        length_min=min(lengths),
        length_max=max(lengths),
        speakers_per_conversation=_mean([len(c.speakers) for c in conversations]),
        one_utterance=sum(len(c) == 1 for c in conversations),
        one_speaker=sum(len(c.speakers) == 1 for c in conversations),
        emotions_per_conversation=_mean(
            [len({u.label for u in c.utterances if u.label is not None}) for c in conversations]
        ),
        changes_same_speaker=sum(map(_changes_same_speaker, conversations)),
        changes_any_neighbour=sum(
            a.label != b.label and a.label is not None and b.label is not None
            for c in conversations
            for a, b in itertools.pairwise(c.utterances)
        ),
        labelled=sum(labels.values()),
        labels=dict(labels.most_common()),
    )


def _changes_same_speaker(conversation: Conversation) -> int:
    last: dict[str, str] = {}
    changes = 0
    for utterance in conversation.utterances:
        if utterance.label is None:
            continue
        changes += last.get(utterance.speaker, utterance.label) != utterance.label
        last[utterance.speaker] = utterance.label
    return changes


def _mean(values: Sequence[int]) -> float:
    return round(sum(values) / len(values), 2)


def _row(title: str, cells: Sequence[str]) -> str:
    return f"{title:<42}" + "".join(f"{cell:>16}" for cell in cells)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
