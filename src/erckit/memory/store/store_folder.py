"""The folder of a speaker memory: its version, salt and settings, and who may write in it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from erckit.errors import SpeakerMemoryError
from erckit.memory.speaker_key import new_salt
from erckit.memory.store.sync_files import sync_entries
from erckit.storage.atomic import make_folder, write_text

STORE_VERSION = 1
SETTINGS_NAME = "memory.json"
LOCK_NAME = "write.lock"
BIOGRAPHIES_NAME = "biographies"
_FORMAT = "erckit speaker memory"
_TABLE = re.compile(r"utterances-([0-9]{1,9})")
_LOCK_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """What ``memory.json`` says.

    Args:
        salt: Secret of the speakers' keys.
        keeps_text: Whether texts and biographies are kept.
        table: Name of the table that holds the utterances now; a rewritten store has another.
    """

    salt: bytes
    keeps_text: bool = True
    table: str = "utterances-1"


class StoreFolder:
    """A folder that holds a speaker memory.

    Args:
        path: The folder; made, with a new salt, when it is not there or empty.
        keeps_text: For a new folder (None: yes). A folder that is there keeps what it was made with.

    Raises:
        SpeakerMemoryError: The folder holds something else, is of another version, is broken, or was made with
            another ``keeps_text``.
    """

    def __init__(self, path: Path | str, keeps_text: bool | None = None) -> None:
        self.path = Path(path)
        self._seen: tuple[int, ...] = ()
        self._is_swept = False  # whether the biographies were looked through for leftovers, once is enough
        if not (self.path / SETTINGS_NAME).exists():
            self._create(True if keeps_text is None else keeps_text)
        self._settings = read_settings(self.path)
        self._warn_if_open()
        if keeps_text is not None and keeps_text != self._settings.keeps_text:
            kept = "keeps texts" if self._settings.keeps_text else "keeps no texts"
            raise SpeakerMemoryError(
                f"{self.path}: this speaker memory {kept}, as it was made. Take it as it is, or make another folder."
            )

    def settings(self) -> StoreSettings:
        """The settings as they are now; another process may have rewritten the store.

        Raises:
            SpeakerMemoryError: They are gone or broken.
        """
        try:
            status = os.stat(self.path / SETTINGS_NAME)
        except OSError:
            raise _missing(self.path) from None
        seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen != self._seen:
            self._settings = read_settings(self.path)
            self._seen = seen
        return self._settings

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the folder for one write; other writers, of this process or another, wait.

        Raises:
            SpeakerMemoryError: Another writer held it too long, or nothing may be written here.
        """
        from filelock import FileLock, Timeout

        # A lock of its own for each call: threads of one process exclude each other, too.
        lock = FileLock(self.path / LOCK_NAME, timeout=_LOCK_SECONDS, poll_interval=0.002)
        try:
            lock.acquire()
        except Timeout:
            raise SpeakerMemoryError(
                f"{self.path}: another process has been writing here for {_LOCK_SECONDS:.0f} seconds. Wait for it to "
                "end, or end it, and try again."
            ) from None
        except OSError as error:
            raise SpeakerMemoryError(
                f"{self.path}: cannot be written ({error.strerror or error}). Ask for access, or name another folder."
            ) from None
        try:
            self._remove_leftovers()
            yield
        finally:
            lock.release()

    def free_table(self) -> str:
        """A name for a table that shall take the place of the one in use. Call while writing."""
        taken = [int(match[1]) for name in self._tables() if (match := _TABLE.match(name))]
        return f"utterances-{max([0, *taken]) + 1}"

    def use_table(self, name: str) -> None:
        """From now on the utterances are in table ``name``; the old one's files are removed. Call while writing."""
        self._write(replace(self.settings(), table=name))
        self._remove_leftovers()
        kept = [entry for entry in self._tables() if entry != f"{name}.lance"]
        if kept:
            raise SpeakerMemoryError(
                f"{self.path / kept[0]}: cannot be removed, and still holds what was to be forgotten. Close what has "
                "its files open and run: erckit memory compact"
            )
        sync_entries(self.path)

    def bytes(self) -> int:
        """Size of all files."""
        total = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                with contextlib.suppress(OSError):  # another process may remove it right now
                    total += os.stat(os.path.join(folder, name)).st_size
        return total

    def _warn_if_open(self) -> None:
        """Say so where others on this machine may read along, as in a copy that was made with other permissions."""
        mode = self.path.stat().st_mode
        if os.name == "posix" and mode & 0o077 and self.path.stat().st_uid == os.getuid():
            warnings.warn(
                f"{self.path}: this speaker memory can be read by other users of this machine (mode {mode & 0o777:o}). "
                f"Run: chmod 700 '{self.path}'",
                stacklevel=4,
            )

    def _create(self, keeps_text: bool) -> None:
        try:
            make_folder(self.path, private=True)
            with contextlib.suppress(OSError):
                if not any(self.path.iterdir()):
                    self.path.chmod(0o700)  # what people said is nobody else's business
        except (FileExistsError, NotADirectoryError):
            raise SpeakerMemoryError(f"{self.path}: is a file. Name a folder for the speaker memory.") from None
        except OSError as error:
            raise SpeakerMemoryError(
                f"{self.path}: cannot be made ({error.strerror or error}). Name another folder."
            ) from None
        others = sorted(entry.name for entry in self.path.iterdir() if not _is_new(entry.name))
        # With settings by now, another process has made it in the meantime.
        if others and not (self.path / SETTINGS_NAME).exists():
            raise SpeakerMemoryError(
                f"{self.path}: has no {SETTINGS_NAME} but holds other things ({others[0]}), so it is no speaker "
                "memory. Name an empty or new folder."
            )
        with self.writing():
            if not (self.path / SETTINGS_NAME).exists():  # another process may have been first
                self._write(StoreSettings(new_salt(), keeps_text))

    def _write(self, settings: StoreSettings) -> None:
        value = {
            "format": _FORMAT,
            "version": STORE_VERSION,
            "keeps_text": settings.keeps_text,
            "table": settings.table,
            "salt": settings.salt.hex(),
        }
        write_text(self.path / SETTINGS_NAME, json.dumps(value, indent=2) + "\n", private=True)

    def _remove_leftovers(self) -> None:
        """Delete tables not in use, and half written files: a writer was killed, or a reader held a file."""
        if not (self.path / SETTINGS_NAME).exists():
            return
        used = f"{self.settings().table}.lance"
        leftovers = [*self.path.glob(f".{SETTINGS_NAME}.tmp-*")]  # they hold the salt
        if not self._is_swept:
            leftovers += self.path.glob(f"{BIOGRAPHIES_NAME}/??/.*.json.tmp-*")
            self._is_swept = True
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)
        for name in self._tables():
            table = self.path / name
            if table.is_symlink():  # nothing of ours; it would count as a table that cannot be removed
                table.unlink(missing_ok=True)
            elif name != used:
                shutil.rmtree(table, ignore_errors=True)

    def _tables(self) -> list[str]:
        """Folders of tables, whether in use or not."""
        names = os.listdir(self.path)
        return [name for name in names if name.endswith(".lance") and _TABLE.fullmatch(name[: -len(".lance")])]


def read_settings(folder: Path) -> StoreSettings:
    """Read and check ``memory.json``.

    Raises:
        SpeakerMemoryError: It is missing, broken or of another version.
    """
    value = _read(folder)
    version = read_version(folder, value)
    if version != STORE_VERSION:
        raise SpeakerMemoryError(
            f"{folder}: is a speaker memory of version {version!r}; this erckit reads version {STORE_VERSION}. "
            f"Run: erckit memory migrate --memory '{folder}'"
        )
    path = folder / SETTINGS_NAME
    salt, table, keeps_text = value.get("salt"), value.get("table"), value.get("keeps_text")
    is_salt = isinstance(salt, str) and re.fullmatch(r"[0-9a-f]{64}", salt)
    if not is_salt or not isinstance(table, str) or not _TABLE.fullmatch(table) or not isinstance(keeps_text, bool):
        raise SpeakerMemoryError(f"{path}: lacks a salt, a table or keeps_text. Restore it from a backup.")
    return StoreSettings(bytes.fromhex(str(salt)), keeps_text, table)


def read_version(folder: Path, value: dict[str, Any] | None = None) -> object:
    """Version of a speaker memory.

    Args:
        folder: Its folder.
        value: What its settings file holds, where it has been read.

    Raises:
        SpeakerMemoryError: The folder is no speaker memory.
    """
    version = (value or _read(folder)).get("version")
    return None if isinstance(version, bool) else version


def _read(folder: Path) -> dict[str, Any]:
    path = folder / SETTINGS_NAME
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(folder) from None
    except OSError as error:
        raise SpeakerMemoryError(f"{path}: cannot be read ({error.strerror or error}). Ask for access.") from None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or value.get("format") != _FORMAT:
        raise SpeakerMemoryError(
            f"{path}: is not the settings of a speaker memory. Restore it from a backup: without its salt no speaker "
            "can be found."
        )
    return value


def _is_new(name: str) -> bool:
    """Whether a folder without settings may hold this: what a writer killed at the very beginning leaves."""
    return name == LOCK_NAME or name.startswith(f".{SETTINGS_NAME}.tmp-")


def _missing(folder: Path) -> SpeakerMemoryError:
    return SpeakerMemoryError(f"{folder}: holds no speaker memory (no {SETTINGS_NAME}). Check the path.")
