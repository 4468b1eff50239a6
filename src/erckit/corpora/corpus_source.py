"""What erckit knows of a corpus before it has a byte of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from erckit.conversation import Conversation
from erckit.corpora.corpus import Protocol
from erckit.errors import CorpusError
from erckit.labels import LabelSet

SPLITS = ("train", "dev", "test")


def _holds_all_splits(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    raise CorpusError(f"{path}: holds all splits and cannot be read as one of them. Read the folder it lies in.")


@dataclass(frozen=True, slots=True)
class Layout:
    """One way in which a corpus lies on a disk.

    Args:
        name: Of the layout, for messages.
        files: The file of each split.
        parse: Gives the conversations of a split's file, cleaned, in file order.
        has_story: Whether the conversations carry ``meta["story"]``.
        companions: Further files that are read from the same folder where they are there.
        parse_all: Gives the conversations of every split, where one file holds them all; ``parse`` is not asked.
        published: Counts of each split as published for this layout; None where they are those of the source.
    """

    name: str
    files: Mapping[str, str]
    parse: Callable[[Path, LabelSet], tuple[Conversation, ...]] = _holds_all_splits
    has_story: bool = True
    companions: tuple[str, ...] = ()
    parse_all: Callable[[Path, LabelSet], Mapping[str, tuple[Conversation, ...]]] | None = None
    published: Mapping[str, Mapping[str, Any]] | None = None

    def read(self, files: Mapping[str, Path], label_set: LabelSet) -> dict[str, tuple[Conversation, ...]]:
        """Conversations of each split, from its file."""
        if self.parse_all is not None:
            splits = self.parse_all(next(iter(files.values())), label_set)
            return {split: splits[split] for split in files}
        return {split: self.parse(path, label_set) for split, path in files.items()}


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file of the publication.

    Args:
        name: File name.
        url: Pinned to a commit.
        sha256: Its checksum, or None where it is recorded at the first download.
    """

    name: str
    url: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class CorpusSource:
    """Where a corpus comes from, how it lies on disk, and what is known of it.

    Args:
        name, title, version, licence, source: For people.
        label_set: Its labels.
        layouts: Accepted layouts; the first that is complete in a folder is read.
        files: What ``erckit corpora get`` fetches.
        published: Counts of each split as published: keys of ``SplitStatistics.to_dict``.
        anonymous_speakers: Names that are not one person.
        defects: Known faults of the data, one sentence each.
        metric: Main metric of its protocols.
        memory: Scored split to what may be remembered there: in words, and the other splits it may come from.
        has_unlabelled: Whether utterances may have no gold label: they are context and are never scored.
        partial: Whether a folder that lacks some of the splits is read, too.
        folder: Name of the folder its files lie in, where it is not the corpus' own: another task on the same files.
        manual: Why it cannot be downloaded and what to do instead, for a corpus without ``files``.
    """

    name: str
    title: str
    version: str
    licence: str
    source: str
    label_set: LabelSet
    layouts: tuple[Layout, ...]
    files: tuple[PublishedFile, ...]
    published: Mapping[str, Mapping[str, Any]]
    anonymous_speakers: frozenset[str]
    defects: tuple[str, ...] = ()
    metric: str = "weighted_f1"
    memory: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    has_unlabelled: bool = False
    partial: bool = False
    folder: str = ""
    manual: str = ""

    @property
    def home(self) -> str:
        """Name of the folder its files lie in."""
        return self.folder or self.name

    def protocols(self) -> dict[str, Protocol]:
        """One protocol per scored split."""
        return {
            f"{self.name}/{split}": Protocol(
                name=f"{self.name}/{split}",
                corpus=self.name,
                split=split,
                metric=self.metric,
                selection="dev",
                memory=words,
                remembered_splits=splits,
            )
            for split, (words, splits) in self.memory.items()
        }
