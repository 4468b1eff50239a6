"""Open a speaker memory by where it is."""

from __future__ import annotations

from pathlib import Path

from erckit.memory.speaker_store import SpeakerStore
from erckit.memory.store.exact_store import ExactStore
from erckit.storage.cache import cache_folder

IN_PROCESS = "memory"


def open_store(where: str | Path, keeps_text: bool | None = None) -> SpeakerStore:
    """A speaker memory in process or on disk.

    Args:
        where: ``"memory"`` for one in process that ends with it, else a folder, which is made when it is not there.
            A ``Path`` is always a folder.
        keeps_text: Whether a new one keeps texts and biographies (None: yes).

    Raises:
        SpeakerMemoryError: The folder is no speaker memory, of another version, or LanceDB is not installed.
    """
    if where == IN_PROCESS:
        return ExactStore(keeps_text is None or keeps_text)
    from erckit.memory.store.lance_store import LanceStore

    return LanceStore(Path(where).expanduser(), keeps_text)


def default_memory_folder() -> Path:
    """Where the commands look for a speaker memory unless told otherwise; not created here."""
    return cache_folder() / "memory"
