"""The speaker memory in process: plain lists and exact search, gone when the process ends."""

from __future__ import annotations

import bisect
import itertools
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from erckit.memory.biography import Biography
from erckit.memory.identity import is_anonymous
from erckit.memory.remembered import Remembered
from erckit.memory.speaker_key import checked_namespace, new_salt, speaker_key
from erckit.memory.speaker_profile import SpeakerProfile
from erckit.memory.speaker_store import DEFAULT_NAMESPACE
from erckit.memory.store.nearest_rows import direction, nearest_rows
from erckit.memory.store.store_stats import StoreStats


class ExactStore:
    """A ``SpeakerStore`` in the memory of this process.

    Args:
        keeps_text: Whether texts and biographies are kept.
    """

    def __init__(self, keeps_text: bool = True) -> None:
        self._keeps_text = keeps_text
        self._salt = new_salt()
        self._lock = threading.RLock()
        self._sequence = itertools.count()
        self._forgettings = 0
        # Namespace -> speaker's key -> (time, order of arrival, row), oldest first.
        self._rows: dict[str, dict[str, list[tuple[float, int, Remembered]]]] = {}
        self._conversations: dict[str, dict[str, list[Remembered]]] = {}  # namespace -> id -> rows as they came
        self._biographies: dict[str, dict[str, Biography]] = {}

    @property
    def keeps_text(self) -> bool:
        """Whether texts and biographies are kept."""
        return self._keeps_text

    @property
    def generation(self) -> str:
        """See ``SpeakerStore.generation``."""
        return str(self._forgettings)

    def append(self, rows: Sequence[Remembered], *, namespace: str = DEFAULT_NAMESPACE) -> int:
        """See ``SpeakerStore.append``."""
        checked_namespace(namespace)
        kept = [row for row in rows if not is_anonymous(row.speaker)]
        with self._lock:
            speakers = self._rows.setdefault(namespace, {}) if kept else {}
            conversations = self._conversations.setdefault(namespace, {}) if kept else {}
            for row in kept:
                key = speaker_key(self._salt, namespace, row.speaker)
                row = replace(row, speaker=key, text=row.text if self._keeps_text else None)
                if row.vector is not None:
                    row = replace(row, vector=row.vector.copy())  # the caller may use the array again
                bisect.insort(speakers.setdefault(key, []), (row.time, next(self._sequence), row))
                conversations.setdefault(row.conversation, []).append(row)
        return len(kept)

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
        found = []
        for speaker in speakers:
            latest: list[Remembered] = []
            for row in reversed(self._of(speaker, namespace)):
                if len(latest) >= n:
                    break
                if (before is None or row.time < before) and model in (None, row.model):
                    latest.append(replace(row, speaker=speaker))
            found.append(latest[::-1])
        return found

    def known(
        self, conversations: Sequence[str], model: str | None = None, *, namespace: str = DEFAULT_NAMESPACE
    ) -> dict[str, dict[str, float]]:
        """See ``SpeakerStore.known``."""
        checked_namespace(namespace)
        with self._lock:
            rows = {one: list(self._conversations.get(namespace, {}).get(one, ())) for one in conversations}
        return {
            conversation: {row.utterance: row.time for row in kept if model in (None, row.model)}
            for conversation, kept in rows.items()
        }

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
        wanted = direction(vector)
        rows, vectors = [], []
        for row in self._of(speaker, namespace):
            if row.model == model and row.vector is not None and row.vector.shape == wanted.shape:
                rows.append(row)
                vectors.append(row.vector)
        found = nearest_rows(np.stack(vectors), wanted, n) if vectors else []
        return [(replace(rows[i], speaker=speaker), cosine) for i, cosine in found]

    def profile(self, speaker: str, model: str | None = None, *, namespace: str = DEFAULT_NAMESPACE) -> SpeakerProfile:
        """See ``SpeakerStore.profile``."""
        return SpeakerProfile.from_rows(speaker, self._of(speaker, namespace), model)

    def biography(self, speaker: str, *, namespace: str = DEFAULT_NAMESPACE) -> Biography | None:
        """See ``SpeakerStore.biography``."""
        key = speaker_key(self._salt, namespace, speaker)
        with self._lock:
            return self._biographies.get(namespace, {}).get(key)

    def set_biography(self, speaker: str, biography: Biography, *, namespace: str = DEFAULT_NAMESPACE) -> None:
        """See ``SpeakerStore.set_biography``."""
        key = speaker_key(self._salt, namespace, speaker)
        if self._keeps_text and not is_anonymous(speaker):
            with self._lock:
                self._biographies.setdefault(namespace, {})[key] = biography

    def forget(self, speaker: str, *, namespace: str = DEFAULT_NAMESPACE) -> int:
        """See ``SpeakerStore.forget``."""
        key = speaker_key(self._salt, namespace, speaker)
        with self._lock:
            self._biographies.get(namespace, {}).pop(key, None)
            forgotten = self._rows.get(namespace, {}).pop(key, [])
            self._forgettings += bool(forgotten)
            conversations = self._conversations.get(namespace, {})
            for conversation in {row.conversation for _, _, row in forgotten}:
                conversations[conversation] = [row for row in conversations[conversation] if row.speaker != key]
                if not conversations[conversation]:
                    del conversations[conversation]
            return len(forgotten)

    def export(self, *, namespace: str = DEFAULT_NAMESPACE) -> Iterator[Remembered]:
        """See ``SpeakerStore.export``."""
        with self._lock:
            rows = [row for rows in self._rows.get(checked_namespace(namespace), {}).values() for row in rows]
        yield from (row for _, _, row in sorted(rows, key=lambda row: row[:2]))

    def export_biographies(self, *, namespace: str = DEFAULT_NAMESPACE) -> Iterator[tuple[str, Biography]]:
        """See ``SpeakerStore.export_biographies``."""
        with self._lock:
            found = sorted(self._biographies.get(checked_namespace(namespace), {}).items())
        yield from found

    def compact(self) -> None:
        """Nothing to do."""

    def stats(self, *, namespace: str | None = None) -> StoreStats:
        """See ``SpeakerStore.stats``."""
        with self._lock:
            namespaces = {
                name: sum(map(len, speakers.values())) for name, speakers in self._rows.items() if any(speakers)
            }
            chosen = [checked_namespace(namespace)] if namespace is not None else [*self._rows, *self._biographies]
            chosen = list(dict.fromkeys(chosen))
            rows = [row for name in chosen for kept in self._rows.get(name, {}).values() for _, _, row in kept]
            return StoreStats(
                utterances=len(rows),
                speakers=sum(len(self._rows.get(name, {})) for name in chosen),
                conversations=sum(
                    len({row.conversation for kept in self._rows.get(name, {}).values() for _, _, row in kept})
                    for name in chosen
                ),
                biographies=sum(len(self._biographies.get(name, {})) for name in chosen),
                first_time=min((row.time for row in rows), default=None),
                last_time=max((row.time for row in rows), default=None),
                models=dict(Counter(row.model for row in rows).most_common()),
                namespaces=dict(sorted(namespaces.items())),
                keeps_text=self._keeps_text,
            )

    def _of(self, speaker: str, namespace: str) -> list[Remembered]:
        """A speaker's rows as they are kept, oldest first."""
        key = speaker_key(self._salt, namespace, speaker)
        with self._lock:
            return [row for _, _, row in self._rows.get(namespace, {}).get(key, ())]
