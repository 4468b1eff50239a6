"""IEMOCAP as CoMPM's text files and as the JSON of SPCL and DAG-ERC."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from erckit.conversation import Conversation
from erckit.corpora.formats.reexport_lines import reexport_lines
from erckit.errors import CorpusError, FormatError
from erckit.labels import LabelSet
from erckit.readers.build_conversation import RawUtterance, build_conversation
from erckit.readers.detect.decode_file import decode_file
from erckit.readers.source import BadConversationError

_SHORT = {"hap": "happy", "sad": "sad", "neu": "neutral", "ang": "angry", "exc": "excited", "fru": "frustrated"}
ROLES = ("M", "F", "A", "B")


def read_compm_text(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    """Conversations of ``speaker TAB text TAB label`` lines, a blank line between conversations.

    There are no ids: conversations are numbered, and ``M`` and ``F`` are roles, not persons.

    Raises:
        CorpusError: A line of another shape.
    """
    conversations = [
        [RawUtterance(text=text, speaker=speaker, label=_label(label)) for speaker, text, label in lines]
        for lines in reexport_lines(path)
    ]
    return _built(path, conversations, label_set)


def read_spcl_json(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    """Conversations of a list of lists of ``{"text", "speaker", "label"}``.

    Utterances without ``label`` (other emotions, or no majority of the raters) stay as context.

    Raises:
        CorpusError: The file does not have that layout.
    """
    try:
        data = json.loads(decode_file(path))
        conversations = [[_utterance(item) for item in conversation] for conversation in data]
    except FormatError as error:
        raise CorpusError(str(error)) from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise CorpusError(
            f"{path}: is not the JSON layout of SPCL and DAG-ERC ({type(error).__name__}: {error}). Get it again."
        ) from None
    return _built(path, conversations, label_set)


def _utterance(item: dict[str, Any]) -> RawUtterance:
    return RawUtterance(text=item["text"], speaker=str(item["speaker"]), label=_label(item.get("label")))


def _label(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return _SHORT.get(value.strip().lower(), value.strip().lower())


def _built(path: Path, conversations: list[list[RawUtterance]], label_set: LabelSet) -> tuple[Conversation, ...]:
    built = []
    for number, rows in enumerate(conversations, start=1):
        try:
            roles = _roles(rows)
            built.append(build_conversation(f"{path.stem}-{number:03d}", roles, {}, label_set, Counter()))
        except BadConversationError as error:
            raise CorpusError(f"{path}: conversation {number}: {error}. Get the file again.") from None
    return tuple(built)


def _roles(rows: list[RawUtterance]) -> list[RawUtterance]:
    """Rows whose speakers are M and F, or A and B: names here do not tell who is who across conversations."""
    names = list(dict.fromkeys(str(row.speaker).strip() for row in rows))
    genders = {name: name[:1].upper() for name in names}
    if set(genders.values()) <= {"M", "F"} and len(set(genders.values())) == len(names):
        roles = genders
    elif len(names) <= 2:
        roles = dict(zip(names, ("A", "B"), strict=False))
    else:
        raise BadConversationError(f"it has {len(names)} speakers, and IEMOCAP's conversations have two")
    return [
        RawUtterance(text=row.text, speaker=roles[str(row.speaker).strip()], label=row.label, extra=row.extra)
        for row in rows
    ]
