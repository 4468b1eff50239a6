"""A benchmark corpus: conversations with gold labels, named splits, and the protocols scored on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from erckit.conversation import Conversation
from erckit.corpora.variants import DEDUP, Variants, base_split
from erckit.errors import CorpusError, nearest
from erckit.labels import LabelSet


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a corpus is scored: what a number must name before it may be compared.

    Args:
        name: ``"<corpus>/<split>"``.
        corpus: Name of the corpus.
        split: The split that is scored.
        metric: Name of the main metric.
        selection: The split on which everything was chosen.
        memory: What may be remembered of a speaker when an utterance is scored, in words.
        remembered_splits: Splits a speaker's history may come from, besides the earlier part of ``split``.
    """

    name: str
    corpus: str
    split: str
    metric: str
    selection: str
    memory: str
    remembered_splits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Conversations with gold labels and named splits.

    Args:
        name: Its name in ``CORPORA``.
        version: Which publication of it, and the layout it was read from.
        label_set: Its labels in score order, and which is neutral.
        splits: Conversations of ``"train"``, ``"dev"`` and ``"test"`` in published order; an utterance has a
            label of ``label_set``, or None where it is context only.
        licence: Under which the data stand.
        source: Where they are published.
        anonymous_speakers: Names that are not one person: no identity, no history.
        protocols: By name, one per scored split.
        mapping: Label set its labels were mapped to, empty when they are its own.
        missing: Published splits that are not on this machine: which file would hold each.
        published: Counts of each split as published, by field of ``SplitStatistics``; empty where none are known.
    """

    name: str
    version: str
    label_set: LabelSet
    splits: Mapping[str, tuple[Conversation, ...]]
    licence: str = ""
    source: str = ""
    anonymous_speakers: frozenset[str] = frozenset()
    protocols: Mapping[str, Protocol] = field(default_factory=dict)
    mapping: str = ""
    missing: Mapping[str, str] = field(default_factory=dict)
    published: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # Made anew with every corpus, so that a changed copy of a corpus never has the variants of the first.
    _variants: Variants = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        scored = frozenset(protocol.split for protocol in self.protocols.values())
        object.__setattr__(self, "_variants", Variants(self.splits, scored))

    @property
    def variants(self) -> Mapping[str, tuple[Conversation, ...]]:
        """Splits derived from the published ones, such as ``"test-dedup"``; each is made when it is asked for."""
        return self._variants

    def split(self, name: str) -> tuple[Conversation, ...]:
        """Conversations of a split, published or derived.

        Raises:
            CorpusError: No such split, or it is not on this machine; the message names the nearest, or the file.
        """
        if name in self.splits:
            return self.splits[name]
        if name in self.variants:
            return self.variants[name]
        base = base_split(name)
        for wanted in (base, "train") if name.endswith(DEDUP) else (name,):
            if wanted in self.missing and (base in self.splits or base in self.missing):
                raise CorpusError(
                    f"the split '{wanted}' of '{self.name}' is not here: {self.missing[wanted]}. Name a "
                    f"folder that has it with --from, or run 'erckit corpora get {self.name}'."
                )
        raise CorpusError(
            f"corpus '{self.name}' has no split '{name}'. {nearest(name, (*self.splits, *self.variants))}"
        )

    def protocol(self, split: str) -> Protocol:
        """The protocol of a split, published or derived.

        Raises:
            CorpusError: The split is not scored by any.
        """
        name = f"{self.name}/{base_split(split)}"
        if name not in self.protocols:
            raise CorpusError(f"there is no protocol '{self.name}/{split}'. {nearest(name, self.protocols)}")
        # A variant may remember what its published split may.
        return replace(self.protocols[name], name=f"{self.name}/{split}", split=split)
