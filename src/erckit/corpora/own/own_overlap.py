"""Refuse splits of a user's corpus that share conversations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from erckit.conversation import Conversation
from erckit.corpora.checks.split_overlap import TOO_MUCH, split_overlaps
from erckit.errors import CorpusError

_COUNTER = re.compile(r"[a-z]{0,5}[-_ ]?\d+", re.IGNORECASE)


def refuse_overlap(
    splits: Mapping[str, tuple[Conversation, ...]], files: Mapping[str, Path]
) -> dict[str, tuple[Conversation, ...]]:
    """The splits, if none shares a conversation with another.

    The same conversation id in two splits is an overlap. So are the same texts with the same utterance ids, unless
    the ids only count (``1``, ``u001``): then two short conversations may well be equal by chance, and
    ``erckit corpora check`` names them; but where more than half of a split is in another one, under whatever ids,
    that is no chance. Many corpora number the conversations of each file from 0 again: ids that
    are bare numbers are an overlap only if the texts are equal, too, or if the utterance ids of the two are different
    parts of one count; else each gets its split in front.

    Raises:
        CorpusError: An overlap; the message names the conversation and both files.
    """
    by_id: dict[str, tuple[str, Conversation]] = {}
    by_texts: dict[tuple[tuple[str, str], ...], tuple[str, Conversation]] = {}
    renumbered = False
    for split, conversations in splits.items():
        for conversation in conversations:
            other_split, other = by_id.setdefault(conversation.id, (split, conversation))
            if other_split != split:
                if not _only_counted_again(conversation, other):
                    raise _overlap(conversation, other, split, other_split, files)
                renumbered = True
            if any(not _COUNTER.fullmatch(u.id) for u in conversation.utterances):
                other_split, other = by_texts.setdefault(_said(conversation), (split, conversation))
                if other_split != split:
                    raise _overlap(conversation, other, split, other_split, files)
    for overlap in split_overlaps(splits):
        if overlap.share > TOO_MUCH:
            raise CorpusError(
                f"{files[overlap.split]}: {overlap}, in {files[overlap.other]}; a score on them would be worthless. "
                "Give each split conversations of its own."
            )
    if not renumbered:
        return dict(splits)
    return {split: tuple(replace(c, id=f"{split}-{c.id}") for c in group) for split, group in splits.items()}


def _only_counted_again(first: Conversation, second: Conversation) -> bool:
    if not first.id.isdecimal():
        return False
    ids, others = {u.id for u in first.utterances}, {u.id for u in second.utterances}
    return not ids.isdisjoint(others) and _said(first) != _said(second)


def _said(conversation: Conversation) -> tuple[tuple[str, str], ...]:
    return tuple((u.id, u.text) for u in conversation.utterances)


def _overlap(
    conversation: Conversation, other: Conversation, split: str, other_split: str, files: Mapping[str, Path]
) -> CorpusError:
    return CorpusError(
        f"{files[split]}: conversation '{conversation.id}' of '{split}' is also in '{other_split}' (as '{other.id}' in "
        f"{files[other_split]}); a score on it would be worth nothing. Leave it out of one of them."
    )
