"""The speaker memory on disk: a folder that several processes may share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from erckit.errors import ErckitError, SpeakerMemoryError
from erckit.memory.biography import Biography
from erckit.memory.identity import is_anonymous
from erckit.memory.remembered import Remembered
from erckit.memory.speaker_key import checked_namespace, conversation_key, speaker_key
from erckit.memory.speaker_profile import SpeakerProfile
from erckit.memory.speaker_store import DEFAULT_NAMESPACE
from erckit.memory.store.biography_files import BiographyFiles
from erckit.memory.store.nearest_rows import direction, nearest_rows
from erckit.memory.store.row_order import RowOrder
from erckit.memory.store.store_folder import BIOGRAPHIES_NAME, StoreFolder
from erckit.memory.store.store_stats import StoreStats
from erckit.memory.store.table_stats import table_stats
from erckit.memory.store.utterance_rows import VECTOR_COLUMN, row_schema, rows_to_table, table_to_rows, vector_matrix
from erckit.memory.store.utterance_table import UtteranceTable, conversations_filter, namespace_filter, speakers_filter

if TYPE_CHECKING:
    import pyarrow as pa

_Found = TypeVar("_Found")
_READ_ATTEMPTS = 5
_EXPORT_ROWS = 1024
_ASKED_CONVERSATIONS = 500


class LanceStore:
    """A ``SpeakerStore`` in a folder: LanceDB for utterances, a small file for each biography.

    Names of speakers are never written, only a salted hash. Appends wait for each other across processes; reads do
    not wait, and see what was appended before they began.

    Args:
        folder: The folder; made when it is not there.
        keeps_text: Whether a new folder keeps texts and biographies (None: yes); a folder that is there keeps what it
            was made with.

    Raises:
        SpeakerMemoryError: The folder is no speaker memory, of another version, or made with another ``keeps_text``.
    """

    def __init__(self, folder: str | Path, keeps_text: bool | None = None) -> None:
        self._folder = StoreFolder(folder, keeps_text)
        self._biographies = BiographyFiles(self._folder.path / BIOGRAPHIES_NAME)
        self._lock = threading.RLock()  # one table object, which must not change its version between two searches
        self._opened: UtteranceTable | None = None
        self._order = RowOrder()
        self._sequence = 0

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self._folder.path

    @property
    def keeps_text(self) -> bool:
        """Whether texts and biographies are kept."""
        return self._folder.settings().keeps_text

    @property
    def generation(self) -> str:
        """See ``SpeakerStore.generation``: forgetting writes a new table."""
        return self._folder.settings().table

    def append(self, rows: Sequence[Remembered], *, namespace: str = DEFAULT_NAMESPACE) -> int:
        """See ``SpeakerStore.append``."""
        checked_namespace(namespace)
        rows = [row for row in rows if not is_anonymous(row.speaker)]
        if not rows:
            return 0
        with self._folder.writing(), self._lock:
            settings = self._folder.settings()
            self._sequence = max(self._sequence, time.time_ns())
            table = rows_to_table(rows, settings.salt, namespace, self._sequence, settings.keeps_text)
            self._sequence += len(rows)
            self._write(lambda: self._table().append(table))
        return len(rows)

    def last(
        self,
        speakers: Sequence[str],
        n: int,
        before: float | None = None,
        model: str | None = None,
        *,
        namespace: str = DEFAULT_NAMESPACE,
    ) -> list[list[Remembered]]:
        """See ``SpeakerStore.last``."""
        keys = self._keys(speakers, namespace)
        if not keys or n <= 0:
            return [[] for _ in speakers]

        def read(table: UtteranceTable) -> tuple[list[list[int]], pa.Table]:
            ids = self._order.last(table, keys, n, before, model)
            return ids, table.take(
                list(dict.fromkeys(row for rows in ids for row in rows)), [*row_schema().names, "_rowid"]
            )

        ids, table = self._read(read)
        rows = dict(zip(table["_rowid"].to_pylist(), table_to_rows(table), strict=True))
        return [[replace(rows[row], speaker=name) for row in own] for name, own in zip(speakers, ids, strict=True)]

    def known(
        self, conversations: Sequence[str], model: str | None = None, *, namespace: str = DEFAULT_NAMESPACE
    ) -> dict[str, dict[str, float]]:
        """See ``SpeakerStore.known``."""
        checked_namespace(namespace)
        salt = self._folder.settings().salt
        ids = {conversation_key(salt, namespace, conversation): conversation for conversation in conversations}
        keys = list(ids)
        columns = ["conversation_key", "utterance", "time", "sequence", "model"]
        found: dict[str, dict[str, float]] = {conversation: {} for conversation in conversations}
        for start in range(0, len(keys), _ASKED_CONVERSATIONS):
            where = conversations_filter(keys[start : start + _ASKED_CONVERSATIONS])
            rows = self._read(lambda table, where=where: table.search(columns, where))  # type: ignore[misc]
            for row in _of_model(rows, model).sort_by("sequence").to_pylist():
                found[ids[row["conversation_key"]]][row["utterance"]] = row["time"]
        return found

    def nearest(
        self,
        speaker: str,
        vector: Sequence[float] | NDArray[np.float32],
        n: int,
        model: str,
        *,
        namespace: str = DEFAULT_NAMESPACE,
    ) -> list[tuple[Remembered, float]]:
        """See ``SpeakerStore.nearest``."""
        (key,) = self._keys([speaker], namespace)
        wanted = direction(vector)

        def read(table: UtteranceTable) -> list[tuple[Remembered, float]]:
            columns = ["time", "sequence", "model", VECTOR_COLUMN, "_rowid"]
            found = _of_model(_oldest_first(table.search(columns, speakers_filter([key]))), model)
            vectors, places = vector_matrix(found, len(wanted))
            nearest = nearest_rows(vectors, wanted, n)
            ids = found["_rowid"].to_numpy()[places]
            rows = table_to_rows(table.take([int(ids[place]) for place, _ in nearest]), {key: speaker})
            return [(row, cosine) for row, (_, cosine) in zip(rows, nearest, strict=True)]

        return self._read(read)

    def profile(self, speaker: str, model: str | None = None, *, namespace: str = DEFAULT_NAMESPACE) -> SpeakerProfile:
        """See ``SpeakerStore.profile``."""
        (key,) = self._keys([speaker], namespace)
        columns = ["speaker_key", "conversation", "utterance", "time", "sequence", "model", "scores", "label"]
        found = self._read(lambda table: _oldest_first(table.search(columns, speakers_filter([key]))))
        return SpeakerProfile.from_rows(speaker, table_to_rows(found, {key: speaker}), model)

    def biography(self, speaker: str, *, namespace: str = DEFAULT_NAMESPACE) -> Biography | None:
        """See ``SpeakerStore.biography``."""
        (key,) = self._keys([speaker], namespace)
        return self._biographies.read(key)

    def set_biography(self, speaker: str, biography: Biography, *, namespace: str = DEFAULT_NAMESPACE) -> None:
        """See ``SpeakerStore.set_biography``."""
        (key,) = self._keys([speaker], namespace)
        if self.keeps_text and not is_anonymous(speaker):
            with self._folder.writing():
                self._biographies.write(key, namespace, biography)

    def forget(self, speaker: str, *, namespace: str = DEFAULT_NAMESPACE) -> int:
        """See ``SpeakerStore.forget``.

        All rows of the others are written anew and the old files removed, in time that grows with the store. When the
        process dies on the way, the speaker is either still there, or gone and the files are removed by the next
        writer.
        """
        (key,) = self._keys([speaker], namespace)
        with self._folder.writing(), self._lock:
            self._biographies.remove(key)
            return self._write(lambda: self._forget_rows(key))

    def export(self, *, namespace: str = DEFAULT_NAMESPACE) -> Iterator[Remembered]:
        """See ``SpeakerStore.export``. What is forgotten meanwhile does not come any more."""
        where = namespace_filter(namespace)
        latest = (-np.inf, 0)
        while True:

            def read(table: UtteranceTable, latest: tuple[float, int] = latest) -> tuple[pa.Table, bool]:
                found = _oldest_first(table.search(["time", "sequence", "_rowid"], where))
                times, sequences = found["time"].to_numpy(), found["sequence"].to_numpy()
                is_later = (times > latest[0]) | ((times == latest[0]) & (sequences > latest[1]))
                ids = found["_rowid"].to_numpy()[is_later]
                return table.take(ids[:_EXPORT_ROWS].tolist()), len(ids) > _EXPORT_ROWS

            rows, is_more = self._read(read)
            yield from table_to_rows(rows)
            if not is_more:
                return
            latest = (rows["time"][-1].as_py(), rows["sequence"][-1].as_py())

    def export_biographies(self, *, namespace: str = DEFAULT_NAMESPACE) -> Iterator[tuple[str, Biography]]:
        """See ``SpeakerStore.export_biographies``."""
        return self._biographies.all(checked_namespace(namespace))

    def compact(self) -> None:
        """See ``SpeakerStore.compact``. Appending does it by itself when files get many."""
        with self._folder.writing(), self._lock:
            self._write(lambda: self._table().compact())

    def stats(self, *, namespace: str | None = None) -> StoreStats:
        """See ``SpeakerStore.stats``."""
        where = namespace_filter(namespace) if namespace is not None else None
        columns = ["speaker_key", "namespace", "conversation", "time", "model"]
        found, spaces, fragments = self._read(
            lambda table: (table.search(columns, where), table.search(["namespace"]), table.fragments())
        )
        biographies = sum(1 for _ in self._biographies.all(namespace)) if namespace else self._biographies.count()
        return table_stats(found, spaces, biographies, self.keeps_text, self._folder.bytes(), fragments)

    def _keys(self, speakers: Sequence[str], namespace: str) -> list[str]:
        salt = self._folder.settings().salt
        return [speaker_key(salt, namespace, speaker) for speaker in speakers]

    def _table(self) -> UtteranceTable:
        """The table that is in use now."""
        name = self._folder.settings().table
        if self._opened is None or self._opened.name != name:
            self._opened = UtteranceTable(self._folder.path, name)
        return self._opened

    def _forget_rows(self, key: str) -> int:
        table = self._table()
        if not table.open_newest():
            return 0
        count = table.search(["speaker_key"], speakers_filter([key])).num_rows
        # Without a row of the speaker there may still be one in a file that a killed writer never finished.
        if count or table.files() != table.fragments():
            target = UtteranceTable(self._folder.path, self._folder.free_table())
            table.rewrite(target, without=key)
            self._opened = None
            self._folder.use_table(target.name)
        return count

    def _write(self, work: Callable[[], _Found]) -> _Found:
        try:
            return work()
        except (RuntimeError, ValueError, OSError) as error:
            self._opened = None
            raise SpeakerMemoryError(
                f"{self.folder}: cannot be written ({_first_line(error)}). Check the disk; what was acknowledged "
                "before is there."
            ) from error

    def _read(self, work: Callable[[UtteranceTable], _Found]) -> _Found:
        """Run a search in the newest version; again in a newer one when its files were removed meanwhile."""
        for attempt in range(1, _READ_ATTEMPTS + 1):
            try:
                with self._lock:
                    table = self._table()
                    table.open_newest()
                    return work(table)
            except ErckitError:
                raise
            except (RuntimeError, ValueError, OSError) as error:
                self._opened = None
                if attempt == _READ_ATTEMPTS:
                    raise SpeakerMemoryError(
                        f"{self.folder}: cannot be read ({_first_line(error)}). If it stays so, restore the folder "
                        "from a backup."
                    ) from error
            if attempt == _READ_ATTEMPTS - 1:
                with self._folder.writing():  # wait for a writer, should it remove files faster than we read
                    pass
        raise AssertionError("unreachable")


def _oldest_first(table: pa.Table) -> pa.Table:
    return table.sort_by([("time", "ascending"), ("sequence", "ascending")])


def _of_model(table: pa.Table, model: str | None) -> pa.Table:
    import pyarrow.compute as pc

    return table if model is None else table.filter(pc.equal(table["model"], model))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
