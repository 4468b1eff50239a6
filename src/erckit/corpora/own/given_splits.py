"""The splits that a user's own file gives in its column or key ``split``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from erckit.conversation import Conversation, Utterance
from erckit.corpora.own.own_columns import own_rows
from erckit.corpora.own.own_files import split_of
from erckit.errors import CorpusError, FormatError, SettingError, nearest

_SPLITS = ("train", "dev", "test")


def given_splits(path: Path, conversations: Sequence[Conversation]) -> dict[str, tuple[Conversation, ...]] | None:
    """Splits as a column or key ``split`` gives them; None where it names no split at all, or is not there.

    Raises:
        CorpusError: Some of its values are splits and some are not, or are missing; or the utterances of a
            conversation are in different splits. The message names file, line and value.
    """
    values = {c.id: [_given(c, u) for u in c.utterances] for c in conversations}
    if not any(split_of(value) for found in values.values() for value in found):
        return None
    splits: dict[str, list[Conversation]] = {}
    for conversation in conversations:
        for value in values[conversation.id]:
            if split_of(value) is None:
                raise _no_split(path, conversation, value)
        found = {split_of(value) for value in values[conversation.id]}
        if len(found) > 1:
            raise CorpusError(
                f"{path}: conversation '{conversation.id}' is in the splits {' and '.join(sorted(map(str, found)))}. "
                "A conversation belongs to one split."
            )
        splits.setdefault(str(found.pop()), []).append(conversation)
    return {split: tuple(splits[split]) for split in _SPLITS if split in splits}


def _given(conversation: Conversation, utterance: Utterance) -> object:
    for place in (utterance.extra, conversation.meta):
        for key, value in place.items():
            if key.strip().casefold() == "split":
                return value
    return None


def _no_split(path: Path, conversation: Conversation, value: object) -> CorpusError:
    line = _line(path, conversation.id, value)
    where = f"{path}:{line}" if line else f"{path}"
    if value is None or not str(value).strip():
        said = f"conversation '{conversation.id}' has an utterance without a split, and others of the file have one."
        return CorpusError(f"{where}: {said} Write train, dev or test, or take the column 'split' out.")
    hint = nearest(str(value), _SPLITS)
    meant = f"{hint} " if hint.startswith("Did you mean") else ""
    return CorpusError(
        f"{where}: conversation '{conversation.id}' has the split '{str(value)[:40]}', which is none of train, dev and "
        f"test. {meant}Correct it, or take the column 'split' out."
    )


def _line(path: Path, conversation: str, value: object) -> int | None:
    """The line (or row of a Parquet file) of the value that is no split."""
    try:
        rows = own_rows(path, {})
    except (FormatError, SettingError):
        return None
    if rows is not None:
        header, cells = rows
        place = next((n for n, name in enumerate(header) if str(name).strip().casefold() == "split"), None)
        if place is None:
            return None
        return next((line for line, row in cells if split_of(row[place] if place < len(row) else "") is None), None)
    key, wanted = ("id", conversation) if value is None else ("split", str(value))
    spelled = "|".join(re.escape(json.dumps(wanted, ensure_ascii=plain)) for plain in (True, False))
    found = re.compile(rf'"{key}"\s*:\s*(?:{spelled})', re.IGNORECASE)
    content = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((n for n, raw in enumerate(content, start=1) if found.search(raw)), None)
