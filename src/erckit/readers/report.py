"""What reading a file gave: the conversations, and what had to be left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from erckit.conversation import Conversation


@dataclass(frozen=True, slots=True)
class Skipped:
    """A conversation, or a part of one, that could not be read.

    Args:
        path: The file it stands in.
        line: 1-based line where it begins, or where it breaks.
        conversation_id: Its id, or None where that could not be read.
        reason: What is wrong and how to mend it.
        raw: The line or lines as they stand in the file.
        what: What it is: a ``conversation``, or an ``utterance`` or ``day`` of one that is read without it.
    """

    path: str
    line: int
    conversation_id: str | None
    reason: str
    raw: str = ""
    what: str = "conversation"


@dataclass(frozen=True, slots=True)
class ReadReport:
    """The outcome of reading one file.

    Args:
        conversations: In file order, ids unique.
        skipped: Conversations left out, in file order.
        skipped_path: The side file that holds them, or None when none was written.
        format: Name of the reader that was used.
        notes: What was changed, assumed or left out while reading, one sentence each.
        left_out: How many messages, lines or entries of a chat are no utterances (system lines, media without
            text, ...), by reason; ``notes`` says the same in sentences.
    """

    conversations: tuple[Conversation, ...]
    skipped: tuple[Skipped, ...]
    skipped_path: Path | None
    format: str
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def utterances(self) -> int:
        """Utterances in all conversations that were read."""
        return sum(len(c) for c in self.conversations)

    def line(self) -> str:
        """One line for a person: counts of what was read and skipped, and where the skipped ones are."""
        speakers = len({u.speaker for c in self.conversations for u in c.utterances})
        text = (
            f"read {_count(self.utterances, 'utterance')} in {_count(len(self.conversations), 'conversation')}, "
            f"{_count(speakers, 'speaker')}"
        )
        if self.left_out:
            text += f", left out {_count(sum(self.left_out.values()), 'entry', 'entries')} without an utterance"
        if self.skipped:
            where = f" (see {self.skipped_path})" if self.skipped_path else ""
            kinds = Counter(item.what for item in self.skipped)
            text += f", skipped {' and '.join(_count(number, what) for what, number in kinds.items())}{where}"
        return text


def _count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
