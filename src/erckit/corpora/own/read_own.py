"""Conversations with gold labels out of one file of a user."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from erckit.conversation import Conversation, Utterance
from erckit.corpora.own.own_columns import Rows, own_columns, own_rows
from erckit.corpora.own.own_labels import refuse_missing_labels
from erckit.errors import CorpusError, FormatError, SettingError, nearest
from erckit.readers import read_conversations

_LABEL_KEYS = ("emotion", "label")


def read_own(path: Path, label_column: str | None, columns: Mapping[str, str]) -> tuple[Conversation, ...]:
    """Conversations of ``path``, all of them.

    Args:
        path: JSONL, CSV, TSV or Parquet.
        label_column: Column or JSON key of the gold label, or None for the usual ones.
        columns: For tables, which column holds what.

    Raises:
        CorpusError: The file or a part of it cannot be read, or it has no labels.
    """
    wanted = {**columns, **({"label": label_column} if label_column else {})}
    try:
        rows = own_rows(path, wanted)
        roles = own_columns(path, rows[0], wanted) if rows else {}
        report = read_conversations(path, columns=wanted if rows else None)
    except (FormatError, SettingError) as error:
        raise CorpusError(str(error)) from None
    if report.skipped:
        first = report.skipped[0]
        raise CorpusError(f"{first.path}:{first.line}: {first.reason}. Mend it, or leave the conversation out.")
    conversations = report.conversations
    if rows is None:
        if columns:
            raise CorpusError(f"{path}: columns are named for tables, and this is JSON. Rename the keys instead.")
        conversations = _labelled_by(path, conversations, label_column)
    elif "conversation" not in roles and "speaker" not in roles:
        conversations = tuple(_alone(path, c, u, n) for c in conversations for n, u in enumerate(c.utterances, start=1))
    refuse_missing_labels(path, conversations, lambda label: _line_of(path, rows, roles, label))
    return conversations


def _labelled_by(
    path: Path, conversations: tuple[Conversation, ...], label_column: str | None
) -> tuple[Conversation, ...]:
    """The conversations with the values of a key of their own as labels; the usual keys are read already."""
    keys = {key for c in conversations for u in c.utterances for key in u.extra}
    has_usual = any(u.label is not None for c in conversations for u in c.utterances)
    if label_column is None or (label_column in _LABEL_KEYS and label_column not in keys):
        if has_usual:
            return conversations
        hint = nearest(label_column or "emotion", keys) if keys else ""
        raise CorpusError(
            f"{path}: no utterance has a gold label ('emotion' or 'label'). {hint} Name the key as label_column in a "
            "file corpus.yaml beside it."
        )
    if label_column not in keys:
        known = (*keys, "emotion") if has_usual else keys
        raise CorpusError(f"{path}: no utterance has the key '{label_column}'. {nearest(label_column, known)}")
    return tuple(
        replace(c, utterances=tuple(_relabelled(path, u, label_column) for u in c.utterances)) for c in conversations
    )


def _relabelled(path: Path, utterance: Utterance, key: str) -> Utterance:
    value = utterance.extra.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | int | float)):
        raise CorpusError(
            f"{path}: utterance '{utterance.id}' has {value!r:.40} as its '{key}'; a label is a word or null."
        )
    extra = {name: entry for name, entry in utterance.extra.items() if name != key}
    return replace(utterance, label=None if value is None else str(value).strip() or None, extra=extra)


def _alone(path: Path, conversation: Conversation, utterance: Utterance, number: int) -> Conversation:
    return Conversation(f"{conversation.id}-{number}", (utterance,), conversation.meta)


def _line_of(path: Path, rows: Rows | None, roles: Mapping[str, str], label: str) -> int:
    """The first line (or row of a Parquet file) that has a label."""
    if rows is not None:
        place = rows[0].index(roles["label"])
        lines = (line for line, cells in rows[1] if len(cells) > place and _same(cells[place], label))
    else:
        value = re.compile(rf':\s*"\s*{re.escape(label)}\s*"')
        text = path.read_text(encoding="utf-8", errors="replace")
        lines = (n for n, line in enumerate(text.split("\n"), start=1) if value.search(line))
    return next(lines, 1)


def _same(cell: Any, label: str) -> bool:
    return str(cell).strip() == label
