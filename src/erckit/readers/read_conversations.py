"""Read one file of conversations, whatever its format."""

from __future__ import annotations

import importlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from erckit.conversation import Conversation
from erckit.errors import FormatError, SettingError, nearest
from erckit.labels import LabelSet
from erckit.readers.decode_file import decode_file
from erckit.readers.detect_format import BINARY_FORMATS, binary_format, detect_format
from erckit.readers.report import ReadReport, Skipped
from erckit.readers.source import Reader, Source
from erckit.storage.atomic import write_text

# A format is one file and one line here; the class is imported when it is needed.
READERS: dict[str, str] = {
    "transcript": "erckit.readers.transcript:TranscriptReader",
    "jsonl": "erckit.readers.jsonl:JsonlReader",
    "csv": "erckit.readers.table:TableReader",
    "parquet": "erckit.readers.parquet:ParquetReader",
}


def read_conversations(
    path: Path | str,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    label_set: LabelSet | None = None,
    skipped: Path | str | None = None,
    encoding: str | None = None,
) -> ReadReport:
    """Conversations of a file; a bad conversation is skipped and reported, a bad file is an error.

    Args:
        path: The file.
        format: A name of :data:`READERS`, or None to recognise it by extension, then by content.
        columns: For tables, which column holds what: keys ``conversation``, ``id``, ``speaker``,
            ``text``, ``label``, ``start``, ``end``; columns left out are recognised by their usual names.
        label_set: Gold labels must be of this set; None takes any.
        skipped: Side file for what was skipped (JSONL: line, conversation, reason, raw), or a folder, in
            which it is called ``<stem>.skipped.jsonl``. None writes none. Not written if nothing was skipped.
        encoding: Encoding of the file; None is UTF-8, or UTF-16 with a byte order mark.

    Raises:
        FormatError: The file cannot be read, or none of its conversations can.
        SettingError: No such format or column key.
    """
    path = Path(path)
    if format is not None and format not in READERS:
        raise SettingError(f"unknown format '{format}'. {nearest(format, READERS)}")
    name = format or binary_format(path)
    # A binary file is opened by its reader.
    text = "" if name in BINARY_FORMATS else decode_file(path, encoding)
    name = name or detect_format(path, text)
    parsed = _reader(name).read(Source(path, text, dict(columns or {}), label_set))
    if not parsed.conversations:
        raise _nothing_read(path, parsed.skipped)
    conversations = _unique_conversations(parsed.conversations, parsed.notes)
    skipped_path = _write_skipped(path, parsed.skipped, skipped)
    return ReadReport(conversations, tuple(parsed.skipped), skipped_path, name, _sentences(parsed.notes))


def _reader(name: str) -> Reader:
    module, _, attribute = READERS[name].partition(":")
    reader: Reader = getattr(importlib.import_module(module), attribute)()
    return reader


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


def _nothing_read(path: Path, skipped: list[Skipped]) -> FormatError:
    if not skipped:
        return FormatError(path, "holds no conversation", "Give a file with at least one utterance.")
    first = skipped[0]
    number = len(skipped)
    which = "its only conversation" if number == 1 else f"none of its {number:,} conversations"
    verb = "cannot be read" if number == 1 else "can be read; the first"
    return FormatError(path, f"{which} {verb}: {first.reason}", "Mend the file, or name its --format.", first.line)


def _write_skipped(path: Path, skipped: Iterable[Skipped], target: Path | str | None) -> Path | None:
    skipped = list(skipped)
    if not skipped or target is None:
        return None
    target = Path(target)
    if target.is_dir():
        target = target / f"{path.stem}.skipped.jsonl"
    out = io.StringIO()
    for item in skipped:
        row = {"line": item.line, "conversation": item.conversation_id, "reason": item.reason, "raw": item.raw}
        out.write(json.dumps(row) + "\n")  # ASCII, so that even a lone surrogate in the raw line can be written
    write_text(target, out.getvalue())
    return target


def _sentences(notes: Counter[str]) -> tuple[str, ...]:
    # A full sentence says all there is to say; the others are things to count.
    return tuple(note if note.endswith(".") else f"{note}: {number:,}." for note, number in notes.items())
