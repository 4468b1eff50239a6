"""Which format a file has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from erckit.readers.detect.column_names import recognise_columns, split_header
from erckit.readers.detect.detect_json import is_row, json_format
from erckit.readers.formats.chat_json import loads
from erckit.readers.formats.cues import has_cues
from erckit.readers.formats.whatsapp.whatsapp_lines import is_whatsapp
from erckit.readers.source import BadConversationError

_TABLES = {".csv": "csv", ".tsv": "csv"}
_JSON = frozenset({".json", ".jsonl", ".ndjson"})
_BINARY = {".parquet": "parquet", ".pq": "parquet"}


@dataclass(frozen=True, slots=True)
class Detected:
    """Name of a reader, and the decoded JSON of the file where finding it out needed that."""

    format: str
    value: Any = None


def binary_format(path: Path, start: bytes = b"") -> str | None:
    """Name of the reader for a file that is no text, by extension or first bytes; None for all others."""
    if start.startswith(b"PAR1"):
        return "parquet"
    return _BINARY.get(path.suffix.lower())


def detect_format(path: Path, text: str) -> Detected:
    """The reader for a file: a table by its extension, everything else by the look of its content.

    Args:
        path: Its name.
        text: Its text, not blank.
    """
    extension = path.suffix.lower()
    if extension in _TABLES:
        return Detected(_TABLES[extension])
    start = re.sub(r"\A[\s\0\ufeff]+", "", text)
    first_line = start.split("\n", 1)[0]
    if extension in _JSON:
        return _detect_json(first_line, start) or Detected("jsonl")
    if first_line.startswith("WEBVTT"):
        return Detected("webvtt")
    if has_cues(start):
        return Detected("webvtt" if extension == ".vtt" else "srt")
    if is_whatsapp(start):
        return Detected("whatsapp")
    if first_line.startswith(("{", "[")):
        found = _detect_json(first_line, start)
        if found is not None or _is_object(first_line):
            return found or Detected("jsonl")
    # A transcript may well have a comma in its first line: only two usual column names make it a header.
    roles = recognise_columns(split_header(first_line)[1])
    if "text" in roles and len(roles) > 1:
        return Detected("csv")
    return Detected("transcript")


def _detect_json(first_line: str, text: str) -> Detected | None:
    """None for what is no JSON. The first line alone tells for one value per line; else all of it is decoded."""
    try:
        first = loads(first_line)
    except BadConversationError:
        pass
    else:
        if len(text.rstrip("\n\0 \t")) > len(first_line) and not isinstance(first, list):
            return Detected("convokit" if is_row(first) else "jsonl")
    try:
        value = loads(text)
    except BadConversationError:
        return None
    name = json_format(value)
    # The uniform format has stricter rules and is decoded by its reader.
    return Detected(name, None if name == "jsonl" else value)


def _is_object(first_line: str) -> bool:
    return first_line.startswith("{") and (first_line.rstrip() == "{" or '"' in first_line)
