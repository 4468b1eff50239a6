"""Parquet tables: one utterance per row, the columns of a CSV."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from erckit.errors import FormatError
from erckit.readers.formats.table import read_rows
from erckit.readers.source import Parsed, Source


class ParquetReader:
    """Reads Parquet files with the columns that :class:`TableReader` knows. Lines in messages are row numbers."""

    def read(self, source: Source) -> Parsed:
        """All conversations of ``source``, whose path is opened unless it brings its data; see :class:`Reader`."""
        return read_rows(source, *parquet_rows(source.path, source.data))


def parquet_rows(path: Path, data: bytes | None = None) -> tuple[list[str], list[tuple[int, list[Any]]]]:
    """Names of the columns, and number (from 1) and values of every row.

    Args:
        path: The file.
        data: Its content where it is not on disk.

    Raises:
        FormatError: pyarrow is not installed, or the file is no Parquet file.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise FormatError(
            path, "is Parquet, and pyarrow is not installed", "Run: pip install 'erckit[parquet]'"
        ) from None
    if data is None and not path.is_file():
        raise FormatError(path, "there is no such file", "Check the spelling of the path.")
    try:
        # The file alone: a folder named label=x above it would otherwise become a column.
        table = pyarrow.parquet.ParquetFile(path if data is None else io.BytesIO(data)).read()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FormatError(path, f"cannot be read as Parquet ({reason:.100})", "Write the file again.") from None
    columns = [[_plain(value) for value in column.to_pylist()] for column in table.columns]
    rows = [(number, list(cells)) for number, cells in enumerate(zip(*columns, strict=True), start=1)]
    return [str(name) for name in table.column_names], rows


def _plain(value: Any) -> Any:
    """``value`` as JSON knows it: dates, decimals and bytes become text."""
    if value is None or isinstance(value, str | int | float | list | dict):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
