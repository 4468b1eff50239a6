"""What reading a file gave: the conversations, and what had to be left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from erckit.conversation import Conversation


@dataclass(frozen=True, slots=True)
class Skipped:
    """A conversation that could not be read.

    Args:
        path: The file it stands in.
        line: 1-based line where it begins, or where it breaks.
        conversation_id: Its id, or None where that could not be read.
        reason: What is wrong and how to mend it.
        raw: The line or lines as they stand in the file.
    """

    path: str
    line: int
    conversation_id: str | None
    reason: str
    raw: str = ""


@dataclass(frozen=True, slots=True)
class ReadReport:
    """The outcome of reading one file.

    Args:
        conversations: In file order, ids unique.
        skipped: Conversations left out, in file order.
        skipped_path: The side file that holds them, or None when none was written.
        format: Name of the reader that was used.
        notes: What was changed or assumed while reading, one sentence each.
    """

    conversations: tuple[Conversation, ...]
    skipped: tuple[Skipped, ...]
    skipped_path: Path | None
    format: str
    notes: tuple[str, ...] = ()

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
        if self.skipped:
            where = f" (see {self.skipped_path})" if self.skipped_path else ""
            text += f", skipped {_count(len(self.skipped), 'conversation')}{where}"
        return text


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
