"""Biographies of speakers: one JSON file each, named by the speaker's key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from erckit.errors import SpeakerMemoryError
from erckit.memory.biography import Biography
from erckit.memory.speaker_key import checked_key
from erckit.memory.store.sync_files import sync_entries
from erckit.storage.atomic import write_text


class BiographyFiles:
    """The folder of biographies.

    Args:
        folder: Where they are; made with the first one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, key: str) -> Biography | None:
        """The biography of a speaker's key, or None.

        Raises:
            SpeakerMemoryError: The file is broken.
        """
        found = self._read(self._path(key))
        return found[1] if found is not None else None

    def write(self, key: str, namespace: str, biography: Biography) -> None:
        """Keep a biography in place of an earlier one, on the disk when this returns."""
        value = {"namespace": namespace, **biography.to_dict()}
        write_text(self._path(key), json.dumps(value, indent=2) + "\n", private=True)

    def remove(self, key: str) -> bool:
        """Remove a biography and what a killed writer left of one; whether there was one."""
        path = self._path(key)
        for leftover in path.parent.glob(f".{path.name}.tmp-*"):
            leftover.unlink(missing_ok=True)
        had = path.exists()
        path.unlink(missing_ok=True)
        sync_entries(path.parent)
        return had

    def all(self, namespace: str | None = None) -> Iterator[tuple[str, Biography]]:
        """Keys and biographies in the order of keys, of one namespace or of all."""
        for path in sorted(self.folder.glob("??/*.json")):
            found = self._read(path)
            if found is not None and namespace in (None, found[0]):
                yield path.stem, found[1]

    def count(self) -> int:
        """How many there are."""
        return sum(1 for _ in self.folder.glob("??/*.json"))

    def _path(self, key: str) -> Path:
        key = checked_key(key)
        return self.folder / key[:2] / f"{key}.json"

    def _read(self, path: Path) -> tuple[str, Biography] | None:
        """Namespace and biography of a file; None when it is not there (any more)."""
        try:
            value: Any = json.loads(path.read_text(encoding="utf-8"))
            return value["namespace"], Biography.from_dict(value)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SpeakerMemoryError(f"{path}: cannot be read ({error.strerror or error}). Ask for access.") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise SpeakerMemoryError(
                f"{path}: is not a biography. Delete the file, or make the biography again."
            ) from None
