"""Refuse splits that cannot be trained or scored on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from erckit.conversation import Conversation
from erckit.errors import CorpusError


def check_splits(
    name: str,
    splits: Mapping[str, tuple[Conversation, ...]],
    files: Mapping[str, Path],
    has_unlabelled: bool = False,
    fix: str = "",
) -> None:
    """Pass where every split has conversations of its own with text and gold labels.

    Args:
        name: Of the corpus, for messages.
        splits: Its conversations.
        files: The file of each split, for messages.
        has_unlabelled: Whether utterances may have no gold label (a split needs some that have one).
        fix: What to do about it; empty says to get the corpus again.

    Raises:
        CorpusError: A split is empty or holds no gold label, a conversation id occurs twice,
            or an utterance has no text or no gold label. The message names file, line, value and what to do.
    """
    fix = fix or f"Mend the file, or get the corpus again with 'erckit corpora get {name}'."
    owner: dict[str, str] = {}
    for split, conversations in splits.items():
        path = files[split]
        if not conversations:
            raise CorpusError(f"{path}: the split '{split}' of '{name}' is empty. {fix}")
        seen: set[str] = set()
        for index, conversation in enumerate(conversations):
            if conversation.id in seen:
                raise CorpusError(
                    f"{_place(path, index)}: conversation '{conversation.id}' is twice in '{split}'. "
                    "Give each its own id."
                )
            seen.add(conversation.id)
            other = owner.setdefault(conversation.id, split)
            if other != split:
                raise CorpusError(
                    f"{_place(path, index)}: conversation '{conversation.id}' is in '{split}' and in '{other}' "
                    f"({files[other]}); a score on it would be worth nothing. Leave it out of one of them."
                )
            for utterance in conversation.utterances:
                if not utterance.text.strip():
                    raise CorpusError(
                        f"{_place(path, index)}: utterance '{utterance.id}' of '{conversation.id}' has no text. {fix}"
                    )
                if utterance.label is None and not has_unlabelled:
                    raise CorpusError(
                        f"{_place(path, index)}: utterance '{utterance.id}' of '{conversation.id}' has no gold label. "
                        f"{fix}"
                    )
        if all(utterance.label is None for c in conversations for utterance in c.utterances):
            raise CorpusError(f"{path}: no utterance of the split '{split}' of '{name}' has a gold label. {fix}")


def _place(path: Path, index: int) -> str:
    """``file:line`` of a conversation where a line of the file is a conversation, else the file."""
    if path.suffix != ".jsonl":
        return str(path)
    try:
        lines = [n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1) if line.strip()]
    except (OSError, ValueError):
        return str(path)
    return f"{path}:{lines[index]}" if index < len(lines) else str(path)
