"""Write a file or a whole folder so that a crash leaves the old one or the new one, never a half."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from erckit.errors import ModelFolderError
from erckit.storage.manifest import verify_manifest, write_manifest

# Temporary files and folders this process is writing right now; a leftover with our own process id that is not
# among them comes from an earlier process with the same id (usual in containers).
_ACTIVE: set[Path] = set()
_STALE_SECONDS = 60.0  # a file's writer on another machine looks dead from here, but writes on


@contextmanager
def atomic_file(path: Path | str, mode: str = "w", *, private: bool = False, **open_kwargs: Any) -> Iterator[IO[Any]]:
    """Open a temporary file beside ``path`` that takes its place when the block ends without an error.

    Args:
        path: The file to write; missing parent folders are made, a symbolic link is followed.
        mode: ``"w"`` (UTF-8 and line feeds unless told otherwise) or ``"wb"``.
        private: For the owner alone, whoever could read an older file; so is its folder where that is new.
        open_kwargs: Passed on to ``open``.

    Raises:
        ValueError: Another mode.
        OSError: The place cannot be written; ``path`` is then unchanged.
    """
    if mode not in ("w", "wb"):
        raise ValueError(f"atomic_file writes whole files: mode is 'w' or 'wb', not '{mode}'.")
    if mode == "w":
        open_kwargs = {"encoding": "utf-8", "newline": "\n"} | open_kwargs
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        # A pipe or a device (/dev/stdout) cannot be replaced, only written to; a folder makes open fail.
        with open(target, mode, **open_kwargs) as file:
            yield file
        return
    make_folder(target.parent, private)
    _remove_stale_files(target)
    temporary = target.with_name(f".{target.name}.tmp-{os.getpid()}-{time.monotonic_ns():x}")
    if private:
        open_kwargs["opener"] = lambda name, flags: os.open(name, flags, 0o600)
    _ACTIVE.add(temporary)
    try:
        with open(temporary, mode.replace("w", "x"), **open_kwargs) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists() and not private:
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        _ACTIVE.discard(temporary)
    _sync_folder(target.parent)


def make_folder(folder: Path, private: bool = False) -> None:
    """Make a folder and those above it; a ``private`` one is its owner's alone, unless it was there before."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(0o700 if private else 0o777, exist_ok=True)


def _remove_stale_files(target: Path) -> None:
    """Delete the temporary files that killed writers of ``target`` left beside it."""
    for leftover in target.parent.glob(f".{_escape(target.name)}.tmp-*"):
        with contextlib.suppress(OSError):
            process = leftover.name.rpartition(".tmp-")[2].partition("-")[0]
            is_old = time.time() - leftover.stat().st_mtime >= _STALE_SECONDS
            if leftover not in _ACTIVE and is_old and not _is_alive(process):
                leftover.unlink()


def write_text(path: Path | str, text: str, *, private: bool = False) -> Path:
    """Write ``text`` to ``path`` as UTF-8, whole or not at all; the path. ``private``: for the owner alone."""
    with atomic_file(path, private=private) as file:
        file.write(text)
    return Path(path)


def write_bytes(path: Path | str, data: bytes) -> Path:
    """Write ``data`` to ``path``, whole or not at all; the path."""
    with atomic_file(path, "wb") as file:
        file.write(data)
    return Path(path)


@contextmanager
def atomic_folder(path: Path | str) -> Iterator[Path]:
    """Yield an empty folder beside ``path`` that takes its place when the block ends without an error.

    The block fills ``NAME.tmp-<process id>``. Then every file is fsynced, ``manifest.json`` is written
    last, an existing ``path`` is renamed to ``NAME.old-<process id>``, the new folder is renamed to
    ``path`` and the old one is deleted. A process killed at any moment leaves the old folder or the new
    one at ``path``; in the instant between the two renames it leaves both beside it, complete, and
    :func:`recover_folder` (called here, and by whoever loads such folders) puts the newer one in place.

    Args:
        path: The folder to make or replace; missing parent folders are made.

    Raises:
        ModelFolderError: The block left a symbolic link in the folder.
        OSError: The place cannot be written; ``path`` is then unchanged.
    """
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    recover_folder(target)
    remove_leftovers(target)
    temporary = target.with_name(f"{target.name}.tmp-{os.getpid()}")
    old = target.with_name(f"{target.name}.old-{os.getpid()}")
    _ACTIVE.update((temporary, old))
    try:
        temporary.mkdir()
        yield temporary
        _sync_tree(temporary)
        write_manifest(temporary)
        if target.exists():
            os.rename(target, old)
        try:
            os.rename(temporary, target)
        except OSError:
            if old.exists():
                os.rename(old, target)
            raise
        _sync_folder(target.parent)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    finally:
        _ACTIVE.difference_update((temporary, old))


def recover_folder(path: Path | str) -> bool:
    """Put back a folder whose writer was killed in the instant of the swap.

    Does nothing while ``path`` exists. Otherwise takes a complete ``NAME.tmp-*`` (its manifest, written
    last, agrees with its files), else ``NAME.old-*``. A writer that is still alive gets a second to
    finish the swap itself.

    Returns:
        Whether a folder was put back.
    """
    target = Path(path)
    for kind in ("tmp", "old"):
        for leftover in sorted(target.parent.glob(f"{_escape(target.name)}.{kind}-*")):
            if target.exists():
                return False
            if leftover in _ACTIVE or not _is_complete(leftover, kind):
                continue
            if _writer_is_alive(leftover):
                time.sleep(1.0)
            with contextlib.suppress(FileNotFoundError):
                if not target.exists():
                    os.rename(leftover, target)
                    return True
    return False


def _is_complete(leftover: Path, kind: str) -> bool:
    """Whether a leftover folder may take the target's place."""
    if kind == "old":
        return leftover.is_dir()
    try:
        verify_manifest(leftover)
    except ModelFolderError:
        return False
    return True


def remove_leftovers(target: Path) -> None:
    """Delete what killed writers of ``target`` left beside it."""
    for kind in ("tmp", "old"):
        for leftover in target.parent.glob(f"{_escape(target.name)}.{kind}-*"):
            if leftover not in _ACTIVE and not _writer_is_alive(leftover):
                shutil.rmtree(leftover, ignore_errors=True)


def _writer_is_alive(leftover: Path) -> bool:
    """Whether the process whose id ends the folder's name still runs (and is not this one)."""
    return _is_alive(leftover.name.rpartition("-")[2])


def _is_alive(suffix: str) -> bool:
    if not suffix.isdigit() or int(suffix) == os.getpid():
        return False
    try:
        os.kill(int(suffix), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it runs, but belongs to someone else
        return True
    return True


def _escape(name: str) -> str:
    """``name`` with the characters that mean something to glob made literal."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _sync_tree(folder: Path) -> None:
    for root, _, files in os.walk(folder, topdown=False):
        for name in files:
            descriptor = os.open(os.path.join(root, name), os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        _sync_folder(Path(root))


def _sync_folder(folder: Path) -> None:
    """Make renames inside ``folder`` durable, where the platform lets a folder be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
