"""The LanceDB table that holds the utterances of a speaker memory."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erckit.errors import SpeakerMemoryError
from erckit.memory.speaker_key import checked_key, checked_namespace
from erckit.memory.store.sync_files import sync_files
from erckit.memory.store.utterance_rows import row_schema

if TYPE_CHECKING:
    import pyarrow as pa

# Each append is one more file, which every search for a speaker opens until the index knows it, and every take may.
_INDEX_EVERY_FILES = 32
_INDEX_EVERY_ROWS = 4096
_COMPACT_FILES = 256
_BATCH_ROWS = 4096
# LanceDB opens a table without these: where the newest version is, and what each version changed.
_NOT_SYNCED = (".json", ".txn")


class UtteranceTable:
    """One LanceDB table, opened at its newest version.

    Whoever changes it holds the folder's lock; nothing here takes it.

    Args:
        folder: The folder of the speaker memory.
        name: The table's name. It need not exist before the first append.

    Raises:
        SpeakerMemoryError: LanceDB is not installed.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.path = folder / f"{name}.lance"
        self._synced: set[str] = set()
        self._database: Any = None
        self._table: Any = None

    def open_newest(self) -> bool:
        """Look at the newest version from now on; whether there is one.

        Two searches that belong together must see the same version: rows move when another process compacts.
        """
        if self._table is not None:
            self._table.checkout_latest()
            return True
        if not self.path.is_dir():
            return False
        self._table = self._connection().open_table(self.name)
        return True

    def append(self, rows: pa.Table) -> None:
        """Write rows at the end, on the disk when this returns."""
        if not self.open_newest():
            self._create(row_schema())
        self._table.add(rows)
        files = self.files()
        if files >= _COMPACT_FILES:
            self.compact()
        elif files % _INDEX_EVERY_FILES == 0 or rows.num_rows >= _INDEX_EVERY_ROWS // 8:
            self._index_if_worth(files)
        self._synced = sync_files(self.path, self._synced, _NOT_SYNCED)

    def search(self, columns: Sequence[str], where: str | None = None) -> pa.Table:
        """Columns of the rows that a filter of this class lets through; empty before the first append."""
        import pyarrow as pa

        if self._table is None:
            return pa.Table.from_batches([], schema=pa.schema([_field(name) for name in columns]))
        query = self._table.search().select(list(columns))
        if where is not None:
            query = query.where(where)
        return query.to_arrow()

    def take(self, row_ids: Sequence[int], columns: Sequence[str] = ()) -> pa.Table:
        """Rows by the ``_rowid`` that a search in the same version gave.

        Args:
            row_ids: The answer has their order.
            columns: Names, with ``_rowid`` if wanted; all but that if left out.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        columns = columns or row_schema().names
        if not len(row_ids):
            return pa.Table.from_batches([], schema=pa.schema([_field(name) for name in columns]))
        query = self._table.take_row_ids(list(row_ids)).with_row_id()
        found = query.select(list(dict.fromkeys([*columns, "_rowid"]))).to_arrow()
        places = pc.index_in(pa.array(row_ids, pa.uint64()), value_set=found["_rowid"].combine_chunks())
        return found.take(places).select(list(columns))

    def rewrite(self, target: UtteranceTable, without: str | None) -> None:
        """Copy all rows but those of one speaker's key into a table that does not exist yet, on the disk."""
        import pyarrow as pa

        query = self._table.search().select(row_schema().names)
        if without is not None:
            query = query.where(f"speaker_key <> '{checked_key(without)}'")
        batches: Iterator[pa.RecordBatch] = iter(query.to_batches(batch_size=_BATCH_ROWS))
        schema = row_schema()
        columns = ((batch.select(schema.names)) for batch in batches)
        target._create(schema, pa.RecordBatchReader.from_batches(schema, columns))
        sync_files(target.path)

    def compact(self) -> None:
        """Make one file of many, index it, and remove the files of earlier versions."""
        if not self.open_newest():
            return
        self._index()
        self._optimize()
        self._synced = sync_files(self.path, self._synced, _NOT_SYNCED)

    def version(self) -> int:
        """Number of the version that is looked at; 0 before the first append."""
        return int(self._table.version) if self._table is not None else 0

    def rows(self) -> int:
        """Rows of the version that is looked at."""
        return int(self._table.count_rows()) if self._table is not None else 0

    def files(self) -> int:
        """Files with rows, with those that belong to no version because their writer was killed."""
        try:
            return len(os.listdir(self.path / "data"))
        except FileNotFoundError:
            return 0

    def fragments(self) -> int:
        """Files with rows of the newest version."""
        return int(self._table.stats()["fragment_stats"]["num_fragments"]) if self._table is not None else 0

    def _create(self, schema: pa.Schema, data: Any = None) -> None:
        self._table = self._connection().create_table(self.name, data=data, schema=schema)
        self._index()
        self._synced = sync_files(self.path, skip=_NOT_SYNCED)

    def _index_if_worth(self, files: int) -> None:
        """Index anew what the index does not know: cheap beside the scan that every search else makes of it."""
        known = self._table.index_stats("speaker_key_idx")
        unknown, total = known.num_unindexed_rows, known.num_indexed_rows + known.num_unindexed_rows
        if files % _INDEX_EVERY_FILES == 0 or unknown >= max(_INDEX_EVERY_ROWS, total // 50):
            self._index()

    def _index(self) -> None:
        from lancedb.index import BTree

        for column in ("speaker_key", "conversation_key"):
            self._table.create_index(column, config=BTree(), replace=True)

    def _optimize(self) -> None:
        with warnings.catch_warnings():
            # LanceDB warns that readers of older versions will fail; ours try again with the newest.
            warnings.simplefilter("ignore")
            # No writer is at work elsewhere, since the lock is ours: what no version knows is left from a dead one.
            self._table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)

    def _connection(self) -> Any:
        if self._database is None:
            try:
                import lancedb
            except ModuleNotFoundError:
                raise SpeakerMemoryError(
                    f"{self.folder}: a speaker memory on disk needs LanceDB. Install it with: "
                    "pip install 'erckit[memory]'"
                ) from None
            self._database = lancedb.connect(self.folder)
        return self._database


def speakers_filter(keys: Sequence[str]) -> str:
    """Filter for the rows of some speakers, made of nothing but checked keys."""
    return f"speaker_key IN ({_listed(keys)})"


def conversations_filter(keys: Sequence[str]) -> str:
    """Filter for the rows of some conversations, made of nothing but checked keys."""
    return f"conversation_key IN ({_listed(keys)})"


def namespace_filter(namespace: str) -> str:
    """Filter for the rows of a namespace, made of nothing but its checked name."""
    return f"namespace = '{checked_namespace(namespace)}'"


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(f"'{checked_key(key)}'" for key in dict.fromkeys(keys))


def _field(name: str) -> pa.Field:
    import pyarrow as pa

    return pa.field("_rowid", pa.uint64()) if name == "_rowid" else row_schema().field(name)
