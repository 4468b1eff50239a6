"""Look for the faults of a corpus that make scores lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from erckit.corpora.checks.normal_text import LONG, is_long, normal_text
from erckit.corpora.checks.order_faults import OrderFaults, order_faults
from erckit.corpora.checks.repeated_conversations import (
    Duplicate,
    SplitCopies,
    count_copies,
    count_in_both,
    find_duplicates,
    placed,
)
from erckit.corpora.checks.speaker_overlap import SpeakerOverlap, speaker_overlap
from erckit.corpora.corpus import Corpus
from erckit.corpora.known_corpora import corpus_source, is_known_corpus

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class CorpusCheck:
    """What was found.

    Args:
        name, version: Of the corpus.
        copies: For every split, how much of it is said elsewhere, too.
        in_both: For every two scored splits, how many conversations are in both.
        distinct, conversations: Different conversations, and all of them.
        duplicates: Pairs of conversations with the same texts, or that share at least three longer ones.
        empty_texts: ``"split/conversation/utterance"`` of utterances without text.
        repeated_texts: Distinct texts of at least four words that occur more than once.
        conflicting_texts: Those of them that carry more than one label: text and its labels with counts.
        order: For every split, utterances that are missing and times that cannot be.
        speakers: Overlap with train, for every other split.
        variants: Conversations of each derived split, such as ``"test-dedup"``.
        defects: Faults known from the literature.
    """

    name: str
    version: str
    copies: tuple[SplitCopies, ...]
    in_both: Mapping[str, int]
    distinct: int
    conversations: int
    duplicates: tuple[Duplicate, ...]
    empty_texts: tuple[str, ...]
    repeated_texts: int
    conflicting_texts: Mapping[str, Mapping[str, int]]
    order: tuple[OrderFaults, ...]
    speakers: tuple[SpeakerOverlap, ...]
    variants: Mapping[str, int]
    defects: tuple[str, ...]

    def lines(self) -> list[str]:
        """A report for the terminal: what was found, then examples, then what is known from elsewhere."""
        whole = [duplicate for duplicate in self.duplicates if duplicate.whole]
        parts = [duplicate for duplicate in self.duplicates if not duplicate.whole]
        across = sum(duplicate.across_splits for duplicate in parts)
        lines = [f"{self.name} ({self.version})"]
        lines.append(f"{self.distinct:,} of {self.conversations:,} conversations are distinct")
        lines += [line for split in self.copies for line in split.lines()]
        lines += [f"{number:,} conversations are in both {names}" for names, number in self.in_both.items()]
        lines.append(f"pairs that share at least three longer texts: {len(parts):,} ({across:,} across splits)")
        lines.append(
            f"repeated texts of at least {LONG} words: {self.repeated_texts:,}, "
            f"with conflicting labels: {len(self.conflicting_texts):,}"
        )
        lines.append(f"utterances without text: {len(self.empty_texts)}")
        lines += [line for split in self.order for line in split.lines()]
        lines += [line for split in self.speakers for line in split.lines()]
        if any(split.in_train for split in self.copies):
            sizes = ", ".join(f"'{name}' ({size:,} conversations)" for name, size in self.variants.items())
            lines.append(f"splits without the conversations that are verbatim in train: {sizes}")
        lines += [f"known: {defect}" for defect in self.defects]
        for title, found in (("same conversations", whole), ("shared texts", parts), ("no text", self.empty_texts)):
            if found:
                lines.append(f"{title}:")
                lines += [f"  {one}" for one in found[:_SHOWN]]
                if len(found) > _SHOWN:
                    lines.append(f"  ... and {len(found) - _SHOWN:,} more, all of them with --json")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        value = asdict(self)
        return {"corpus": value.pop("name"), **value}


def check_corpus(corpus: Corpus) -> CorpusCheck:
    """Copies, conflicting labels, gaps, impossible times, empty texts, and how far splits share speakers.

    Texts are compared without case, white space and punctuation.
    """
    repeated, conflicting = _repeated_texts(corpus)
    duplicates = find_duplicates(corpus)
    conversations = sum(map(len, corpus.splits.values()))
    return CorpusCheck(
        name=corpus.name,
        version=corpus.version,
        copies=count_copies(corpus),
        in_both=count_in_both(corpus),
        distinct=conversations - sum(duplicate.whole for duplicate in duplicates),
        conversations=conversations,
        duplicates=duplicates,
        empty_texts=tuple(f"{place}/{u.id}" for place, c in placed(corpus) for u in c.utterances if not u.text.strip()),
        repeated_texts=repeated,
        conflicting_texts=conflicting,
        order=order_faults(corpus),
        speakers=tuple(speaker_overlap(corpus, split) for split in corpus.splits if split != "train"),
        variants={name: len(conversations) for name, conversations in corpus.variants.items()},
        defects=corpus_source(corpus.name).defects if is_known_corpus(corpus.name) else (),
    )


def _repeated_texts(corpus: Corpus) -> tuple[int, dict[str, dict[str, int]]]:
    """How many longer texts occur more than once, and the labels of those that carry several."""
    seen: dict[str, Counter[str]] = {}
    shown: dict[str, str] = {}
    for _, conversation in placed(corpus):
        for utterance in conversation.utterances:
            if utterance.label is not None and is_long(utterance.text):
                text = normal_text(utterance.text)
                shown.setdefault(text, utterance.text)
                seen.setdefault(text, Counter())[utterance.label] += 1
    repeated = {text: labels for text, labels in seen.items() if labels.total() > 1}
    return len(repeated), {shown[text]: dict(labels) for text, labels in repeated.items() if len(labels) > 1}
