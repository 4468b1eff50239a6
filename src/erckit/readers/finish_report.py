"""From what a reader found to the report: ids made unique, long chats split, counts put into sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from erckit.conversation import Conversation, Utterance
from erckit.errors import FormatError
from erckit.readers.clean_text import well_formed
from erckit.readers.reader_table import known_formats
from erckit.readers.report import ReadReport, Skipped
from erckit.readers.source import Parsed


def split_gaps(conversation: Conversation, hours: float, notes: Counter[str]) -> list[Conversation]:
    """Parts of ``conversation`` with at most ``hours`` between two utterances, ids with ``-1``, ``-2``, ... behind.

    An utterance without a time stays with the one before it. A conversation without such a gap stays as it is.

    Args:
        conversation: To split.
        hours: Longest silence inside of a part.
        notes: Counts the splits.
    """
    parts: list[list[Utterance]] = [[]]
    last: float | None = None
    for utterance in conversation.utterances:
        if utterance.start is not None:
            if last is not None and utterance.start - last > hours * 3600 and parts[-1]:
                parts.append([])
            # Somebody who still talks is no silence.
            last = utterance.start if utterance.end is None else max(utterance.start, utterance.end)
        parts[-1].append(utterance)
    if len(parts) == 1:
        return [conversation]
    notes[f"conversations split at gaps of more than {hours:g} hours"] += 1
    return [
        replace(conversation, id=f"{conversation.id}-{number}", utterances=tuple(part))
        for number, part in enumerate(parts, start=1)
    ]


def finish_report(path: Path, format: str, parsed: Parsed, gap_hours: float | None = None) -> ReadReport:
    """The report of what was read, without a side file.

    Args:
        path: What was read.
        format: Name of its format.
        parsed: What the reader found.
        gap_hours: Where to split, or None.

    Raises:
        FormatError: Nothing could be read.
    """
    conversations: Iterable[Conversation] = parsed.conversations
    # Names and reasons quote the file, whose JSON may hold halves of surrogate pairs.
    parsed.skipped = [
        replace(item, conversation_id=well_formed(item.conversation_id), reason=well_formed(item.reason))
        for item in parsed.skipped
    ]
    if not parsed.conversations:
        raise _nothing_read(path, parsed)
    if gap_hours is not None:
        conversations = [part for whole in conversations for part in split_gaps(whole, gap_hours, parsed.notes)]
    unique = _unique_conversations(conversations, parsed.notes)
    left_out: dict[str, int] = {well_formed(reason): number for reason, number in parsed.left_out.items() if number}
    notes = _sentences(parsed.notes) + tuple(f"left out: {reason}: {number:,}." for reason, number in left_out.items())
    return ReadReport(unique, tuple(parsed.skipped), None, format, notes, left_out)


def _unique_conversations(conversations: Iterable[Conversation], notes: Counter[str]) -> tuple[Conversation, ...]:
    conversations = list(conversations)
    taken = {conversation.id for conversation in conversations}
    used: dict[str, Conversation] = {}
    last: dict[str, int] = {}
    for conversation in conversations:
        name = conversation.id
        if name in used:
            notes["repeated conversation ids, made unique with a suffix"] += 1
            number = last.get(name, 1) + 1
            while f"{name}#{number}" in taken or f"{name}#{number}" in used:
                number += 1
            last[name] = number
            conversation = replace(conversation, id=f"{name}#{number}")
        used[conversation.id] = conversation
    return tuple(used.values())


def _nothing_read(path: Path, parsed: Parsed) -> FormatError:
    skipped: list[Skipped] = parsed.skipped
    if not skipped:
        return FormatError(path, "holds no conversation", "Give a file with at least one utterance.")
    first = skipped[0]
    number = len(skipped)
    which = "its only conversation" if number == 1 else f"none of its {number:,} conversations"
    verb = "cannot be read" if number == 1 else "can be read; the first"
    left_out = ", ".join(f"{reason}: {count:,}" for reason, count in parsed.left_out.items() if count)
    reason = f"{first.reason} (left out: {well_formed(left_out)})" if left_out else first.reason
    fix = f"Mend the file, or name its --format: {known_formats()}."
    return FormatError(path, f"{which} {verb}: {reason}", fix, first.line)


def _sentences(notes: Counter[str]) -> tuple[str, ...]:
    # A full sentence says all there is to say; the others are things to count.
    return tuple(
        well_formed(note) if note.endswith(".") else f"{well_formed(note)}: {number:,}."
        for note, number in notes.items()
        if number
    )
