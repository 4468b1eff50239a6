"""The columns of a user's table, and which of them holds the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from erckit.errors import CorpusError, nearest
from erckit.readers.detect.column_names import recognise_columns
from erckit.readers.detect.decode_file import decode_file
from erckit.readers.detect.detect_format import binary_format
from erckit.readers.formats.parquet import parquet_rows
from erckit.readers.formats.table import table_rows
from erckit.readers.source import Source

_TABLES = (".csv", ".tsv")
Rows = tuple[list[str], list[tuple[int, list[Any]]]]


def own_rows(path: Path, wanted: Mapping[str, str]) -> Rows | None:
    """Header and rows (line and cells) of a table; None for a file that is no table."""
    if binary_format(path):
        return parquet_rows(path)
    if path.suffix.lower() in _TABLES:
        return table_rows(Source(path, decode_file(path), wanted))
    return None


def own_columns(path: Path, header: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Which column holds what, with a column for labels among them.

    Args:
        path: The table, for messages.
        header: Names of its columns.
        columns: What the user says of them, as in :func:`read_conversations`.

    Raises:
        CorpusError: No such column, or none for the labels; the message names the nearest.
    """
    for role, column in columns.items():
        if column not in header:
            raise CorpusError(f"{path}:1: has no column '{column}' for the {role}. {nearest(column, header)}")
    named = set(columns.values())
    roles = recognise_columns([name for name in header if name not in named]) | dict(columns)
    if "label" not in roles:
        free = [name for name in header if name not in roles.values()]
        raise CorpusError(
            f"{path}:1: has no column for the labels, such as 'emotion' or 'label' (it has "
            f"{', '.join(map(repr, header[:20]))}). {_meant(free)}Name it as label_column in "
            "a file corpus.yaml beside it."
        )
    return roles


def _meant(names: Sequence[str]) -> str:
    for usual in ("emotion", "label"):
        hint = nearest(usual, names)
        if hint.startswith("Did you mean"):
            return f"{hint} "
    return ""
