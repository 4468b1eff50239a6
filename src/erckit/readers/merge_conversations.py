"""Conversations of several files as one list with unique ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from erckit.conversation import Conversation


def merge_conversations(files: Sequence[tuple[Path, Sequence[Conversation]]]) -> list[Conversation]:
    """All conversations in the order given; an id that two files use gets the file's name before it.

    Args:
        files: Each file with the conversations read from it, whose ids are unique inside the file.

    Returns:
        The conversations; those whose ids no other file uses keep them.
    """
    uses = Counter(conversation.id for _, conversations in files for conversation in conversations)
    taken = {name for name, count in uses.items() if count == 1}
    merged = []
    for path, conversations in files:
        for conversation in conversations:
            name = conversation.id
            if uses[name] > 1:
                base = path.stem if path.stem == name else f"{path.stem}/{name}"
                name, number = base, 1
                while name in taken:
                    number += 1
                    name = f"{base}#{number}"
                taken.add(name)
                conversation = replace(conversation, id=name)
            merged.append(conversation)
    return merged
