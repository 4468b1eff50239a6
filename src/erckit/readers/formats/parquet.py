"""Parquet tables: one utterance per row, the columns of a CSV."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from erckit.errors import FormatError
from erckit.readers.folder_tree import DEFAULT_LIMITS, ReadLimits, size_text
from erckit.readers.formats.table import read_rows
from erckit.readers.source import Parsed, Source

_BATCH_ROWS = 1024


class ParquetReader:
    """Reads Parquet files with the columns that :class:`TableReader` knows. Lines in messages are row numbers."""

    def read(self, source: Source) -> Parsed:
        """All conversations of ``source``, whose path is opened unless it brings its data; see :class:`Reader`."""
        return read_rows(source, *parquet_rows(source.path, source.data, source.limits))


def parquet_rows(
    path: Path, data: bytes | None = None, limits: ReadLimits = DEFAULT_LIMITS
) -> tuple[list[str], list[tuple[int, list[Any]]]]:
    """Names of the columns, and number (from 1) and values of every row.

    Args:
        path: The file.
        data: Its content where it is not on disk.
        limits: How many cells, and bytes of them, it may hold. A few bytes of the file may stand for millions.

    Raises:
        FormatError: pyarrow is not installed, the file is no Parquet file, or it holds too much.
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
    rows: list[tuple[int, list[Any]]] = []
    try:
        # The file alone: a folder named label=x above it would otherwise become a column.
        file = pyarrow.parquet.ParquetFile(path if data is None else io.BytesIO(data))
        names = [str(name) for name in file.schema_arrow.names]
        about = file.metadata
        if about.num_rows * len(names) > limits.entries:
            raise _too_much(path, limits)
        size = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
        if size > limits.file_bytes:
            raise _too_much(path, limits)
        size = 0
        for batch in file.iter_batches(_BATCH_ROWS):
            # What the file says of its sizes may be a lie, and a text that repeats is stored once.
            size += batch.nbytes
            if size > limits.file_bytes or (len(rows) + batch.num_rows) * len(names) > limits.entries:
                raise _too_much(path, limits)
            columns = [[_plain(value) for value in column.to_pylist()] for column in batch.columns]
            cells = zip(*columns, strict=True)
            rows += [(number, list(row)) for number, row in enumerate(cells, start=len(rows) + 1)]
    except (pyarrow.ArrowException, OSError, ValueError) as error:  # UnicodeDecodeError among them
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FormatError(path, f"cannot be read as Parquet ({reason:.100})", "Write the file again.") from None
    return names, rows


def _too_much(path: Path, limits: ReadLimits) -> FormatError:
    limit = f"{size_text(limits.file_bytes)} or {limits.entries:,} cells"
    return FormatError(path, f"unpacks to more than {limit}", "Split it into smaller files.")


def _plain(value: Any) -> Any:
    """``value`` as JSON knows it: dates, decimals and bytes become text."""
    if value is None or isinstance(value, str | int | float | list | dict):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
