"""A benchmark corpus: conversations with gold labels, named splits, and the protocols scored on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from erckit.conversation import Conversation
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
        splits: Conversations of ``"train"``, ``"dev"`` and ``"test"`` in published order; every utterance
            has a label of ``label_set``.
        licence: Under which the data stand.
        source: Where they are published.
        anonymous_speakers: Names that are not one person: no identity, no history.
        protocols: By name, one per scored split.
    """

    name: str
    version: str
    label_set: LabelSet
    splits: Mapping[str, tuple[Conversation, ...]]
    licence: str = ""
    source: str = ""
    anonymous_speakers: frozenset[str] = frozenset()
    protocols: Mapping[str, Protocol] = field(default_factory=dict)

    def split(self, name: str) -> tuple[Conversation, ...]:
        """Conversations of a split.

        Raises:
            CorpusError: No such split; the message names the nearest.
        """
        try:
            return self.splits[name]
        except KeyError:
            raise CorpusError(f"corpus '{self.name}' has no split '{name}'. {nearest(name, self.splits)}") from None

    def protocol(self, split: str) -> Protocol:
        """The protocol of a split.

        Raises:
            CorpusError: The split is not scored by any.
        """
        name = f"{self.name}/{split}"
        try:
            return self.protocols[name]
        except KeyError:
            raise CorpusError(f"there is no protocol '{name}'. {nearest(name, self.protocols)}") from None
