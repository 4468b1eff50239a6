"""What a reader gets and what it gives back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from erckit.conversation import Conversation
from erckit.labels import LabelSet
from erckit.readers.folder_tree import DEFAULT_LIMITS, ReadLimits
from erckit.readers.report import Skipped


class FileTree(Protocol):
    """Files of an export that is a folder or a zip archive. Names are relative, with ``/`` between folders."""

    names: tuple[str, ...]

    def read(self, name: str) -> bytes:
        """Content of a file; FormatError where it cannot be read or is too large."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read, already decoded.

    Args:
        path: Where it came from, for messages and generated ids.
        text: Its whole text, lines ended by a line feed; empty for a binary file, a folder and an archive.
        columns: Which column holds what, for tables: ``{"text": "Utterance", ...}``.
        label_set: Labels a gold label must be one of, or None to take any.
        value: The decoded JSON of ``text`` where that is known already, or None.
        data: Content of a binary file that is not on disk, or None.
        tree: Files of a folder or an archive, or None.
        date_order: ``dmy``, ``mdy`` or ``ymd`` where the user said how dates are written, or None.
        limits: How much a binary file may hold.
    """

    path: Path
    text: str
    columns: Mapping[str, str] = field(default_factory=dict)
    label_set: LabelSet | None = None
    value: Any = None
    data: bytes | None = None
    tree: FileTree | None = None
    date_order: str | None = None
    limits: ReadLimits = DEFAULT_LIMITS


@dataclass(slots=True)
class Parsed:
    """What a reader found so far: it fills this in as it goes.

    Args:
        conversations: Read, in file order.
        skipped: Conversations left out, in file order.
        notes: How often each change or assumption was made.
        left_out: How many messages, lines or entries of conversations were left out, by reason.
    """

    conversations: list[Conversation] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, other: Parsed) -> None:
        """Append what another reader found."""
        self.conversations += other.conversations
        self.skipped += other.skipped
        self.notes += other.notes
        self.left_out += other.left_out


class Reader(Protocol):
    """One chat format. A reader raises FormatError for a bad file and skips a bad conversation."""

    def read(self, source: Source) -> Parsed:
        """All conversations of ``source``."""
        ...


class BadConversationError(Exception):
    """Why a conversation is skipped; caught by the readers, never seen outside of them."""
