"""What a reader gets and what it gives back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from erckit.conversation import Conversation
from erckit.labels import LabelSet
from erckit.readers.report import Skipped


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read, already decoded.

    Args:
        path: Where it came from, for messages and generated ids.
        text: Its whole text, lines ended by a line feed.
        columns: Which column holds what, for tables: ``{"text": "Utterance", ...}``.
        label_set: Labels a gold label must be one of, or None to take any.
    """

    path: Path
    text: str
    columns: Mapping[str, str] = field(default_factory=dict)
    label_set: LabelSet | None = None


@dataclass(slots=True)
class Parsed:
    """What a reader found so far: it fills this in as it goes.

    Args:
        conversations: Read, in file order.
        skipped: Left out, in file order.
        notes: How often each change or assumption was made.
    """

    conversations: list[Conversation] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)


class Reader(Protocol):
    """One chat format. A reader raises FormatError for a bad file and skips a bad conversation."""

    def read(self, source: Source) -> Parsed:
        """All conversations of ``source``."""
        ...


class BadConversationError(Exception):
    """Why a conversation is skipped; caught by the readers, never seen outside of them."""
