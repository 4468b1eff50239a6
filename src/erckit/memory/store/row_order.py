"""Where each speaker's rows stand in time, kept from one search to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from erckit.memory.store.utterance_table import UtteranceTable, speakers_filter

if TYPE_CHECKING:
    import pyarrow as pa

_ROW = np.dtype([("time", "<f8"), ("sequence", "<i8"), ("id", "<u8"), ("model", "<i4")])
_COLUMNS = ["speaker_key", "time", "sequence", "model", "_rowid"]
_MOST_ROWS = 2_000_000  # 28 bytes each
_TAKE_ROWS = 8
_ALL_ROWS = 200_000
_NONE = np.empty(0, dtype=_ROW)


class RowOrder:
    """Finds a speaker's last rows without reading their times again and again.

    What a row id stands for never changes in a table: rows are appended, moved under new ids by compacting, and
    never changed. So the index is asked which rows a speaker has, in one short search, and only times of rows not
    seen before are read. Where many are new and the table is not large, those of all speakers are read at once: that
    takes as long as reading those of four.
    """

    def __init__(self) -> None:
        self._table = ""
        self._rows: dict[str, NDArray[Any]] = {}  # key -> rows of _ROW, oldest first
        self._seen: dict[str, int] = {}  # key -> version of the table in which its rows were looked up
        self._models: dict[str, int] = {}

    def last(
        self, table: UtteranceTable, keys: Sequence[str], n: int, before: float | None, model: str | None
    ) -> list[list[int]]:
        """Row ids of the last ``n`` rows of every key, oldest first, in the table's present version."""
        self._look_up(table, keys)
        found = []
        for key in keys:
            rows = self._rows.get(key, _NONE)
            if before is not None:
                rows = rows[: np.searchsorted(rows["time"], before)]
            if model is not None:
                rows = rows[rows["model"] == self._models.get(model, -1)]
            found.append(rows["id"][-n:].tolist())
        return found

    def _look_up(self, table: UtteranceTable, keys: Sequence[str]) -> None:
        if table.name != self._table or sum(map(len, self._rows.values())) > _MOST_ROWS:
            self._table, self._rows, self._seen = table.name, {}, {}
        version = table.version()
        old = [key for key in dict.fromkeys(keys) if self._seen.get(key) != version]
        if not old:
            return
        there = np.sort(table.search(["_rowid"], speakers_filter(old))["_rowid"].to_numpy())
        known = [self._rows[key]["id"] for key in old if key in self._rows]
        new = np.setdiff1d(there, np.concatenate(known), assume_unique=True) if known else there
        if len(new) > _TAKE_ROWS and table.rows() <= _ALL_ROWS:
            self._rows = {key: _sorted(rows) for key, rows in self._by_speaker(table.search(_COLUMNS)).items()}
            self._seen = dict.fromkeys(self._rows, version)
            return
        if len(new) > _TAKE_ROWS:
            added = table.search(_COLUMNS, speakers_filter(old))
            added = added.filter(np.isin(added["_rowid"].to_numpy(), new, assume_unique=True))
        else:
            added = table.take(new.tolist(), _COLUMNS)
        rows_of = self._by_speaker(added)
        for key in old:
            rows = self._rows.get(key, _NONE)
            rows = rows[np.isin(rows["id"], there, assume_unique=True)]
            if key in rows_of:
                rows = _sorted(np.concatenate([rows, rows_of[key]]))
            self._rows[key], self._seen[key] = rows, version

    def _by_speaker(self, table: pa.Table) -> dict[str, NDArray[Any]]:
        rows = np.empty(table.num_rows, dtype=_ROW)
        rows["time"], rows["sequence"], rows["id"] = (table[name].to_numpy() for name in ("time", "sequence", "_rowid"))
        # Numbers for the strings: comparing ten thousand of them takes longer than all the rest.
        models = table["model"].combine_chunks().dictionary_encode()
        codes = [self._models.setdefault(name, len(self._models)) for name in models.dictionary.to_pylist()]
        rows["model"] = np.array([*codes, -1])[models.indices.to_numpy()]
        keys = table["speaker_key"].combine_chunks().dictionary_encode()
        speakers = keys.indices.to_numpy()
        return {key: rows[speakers == i] for i, key in enumerate(keys.dictionary.to_pylist())}


def _sorted(rows: NDArray[Any]) -> NDArray[Any]:
    return rows[np.lexsort((rows["sequence"], rows["time"]))]
