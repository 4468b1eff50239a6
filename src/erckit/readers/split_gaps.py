"""Long chats split where nobody says anything for hours."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from erckit.conversation import Conversation, Utterance


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
