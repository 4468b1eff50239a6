"""Which format a file has."""

from __future__ import annotations

import json
from pathlib import Path

from erckit.readers.column_names import recognise_columns, split_header

_BY_EXTENSION = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv"}
_BINARY = {".parquet": "parquet", ".pq": "parquet"}
BINARY_FORMATS = frozenset(_BINARY.values())


def binary_format(path: Path) -> str | None:
    """Name of the reader for a file that is no text, by extension; None for all others."""
    return _BINARY.get(path.suffix.lower())


def detect_format(path: Path, text: str) -> str:
    """Name of the reader for a file: by extension, else by the look of its first line.

    Args:
        path: Its name.
        text: Its text, not blank.
    """
    by_extension = _BY_EXTENSION.get(path.suffix.lower())
    if by_extension:
        return by_extension
    start = text.lstrip()
    first_line = start.split("\n", 1)[0]
    if first_line[0] in "{[" and _looks_like_json(first_line, start):
        return "jsonl"
    # A transcript may well have a comma in its first line: only two usual column names make it a header.
    roles = recognise_columns(split_header(first_line)[1])
    if "text" in roles and len(roles) > 1:
        return "csv"
    return "transcript"


def _looks_like_json(first_line: str, text: str) -> bool:
    if first_line.startswith("{"):
        return first_line.rstrip() == "{" or '"' in first_line
    for candidate in (first_line, text):  # "[00:01:02] Ann: hi" begins with a bracket, too
        try:
            return isinstance(json.loads(candidate), list)
        except (ValueError, RecursionError):
            continue
    return False
