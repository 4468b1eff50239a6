"""Bring files that a library wrote without asking for it onto the disk, for their owner alone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path


def sync_files(folder: Path | str, known: Collection[str] = (), skip: tuple[str, ...] = ()) -> set[str]:
    """Flush the files below a folder, and the folders they are new in, to the disk.

    LanceDB leaves its files to the operating system, which may write them half a minute later, and to whoever may
    read new files; what people said is nobody else's business.

    Args:
        folder: Where to look.
        known: Paths that are on the disk already.
        skip: Endings of files that may be lost.

    Returns:
        The paths of all files now, for ``known`` of the next call.
    """
    found: set[str] = set()
    for root, _, names in os.walk(folder):
        paths = {os.path.join(root, name) for name in names}
        for path in paths.difference(known):
            with contextlib.suppress(OSError):
                os.chmod(path, 0o600)
        new = [path for path in paths if path not in known and not path.endswith(skip)]
        for path in new:
            with contextlib.suppress(FileNotFoundError):  # replaced by another in the meantime
                _sync(path)
        if new:
            sync_entries(root)
        found |= paths
    return found


def sync_entries(folder: Path | str) -> None:
    """Flush which files a folder has to the disk, where the platform lets a folder be opened."""
    with contextlib.suppress(OSError):
        _sync(folder)


def _sync(path: Path | str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
