"""The files of an export that is a folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from erckit.errors import FormatError

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Bounds that keep a file from filling the memory.

    Args:
        file_bytes: Of one file, on disk or unpacked.
        total_bytes: Of all files read from one archive or folder, unpacked.
        files: Files in one archive or folder.
        ratio: How many times larger than packed a file in an archive may be, and all that are read together. Chats in
            JSON reach about 40; an archive that is made to fill the memory has about 1,000.
        entries: Lines and objects of JSON in all files, cells of a Parquet table: each may become an utterance, which
            takes far more memory than the few bytes it is made of.
    """

    file_bytes: int = 1024 * _MIB
    total_bytes: int = 2048 * _MIB
    files: int = 200_000
    ratio: int = 250
    entries: int = 50_000_000


DEFAULT_LIMITS = ReadLimits()


def size_text(size: int) -> str:
    """``size`` bytes for a person: ``1.5 MiB``."""
    return f"{size:,} bytes" if size < _MIB else f"{size / _MIB:,.1f} MiB"


class Allowance:
    """What is still allowed of one file, folder or archive; a file that is read again counts once.

    Args:
        path: For messages.
        limits: The bounds.
    """

    def __init__(self, path: Path, limits: ReadLimits) -> None:
        self._path, self._limits = path, limits
        self._names: set[str] = set()
        self._bytes = self._entries = 0

    def room(self, name: str) -> int:
        """Bytes that a file may have."""
        left = self._limits.total_bytes - (0 if name in self._names else self._bytes)
        return min(self._limits.file_bytes, left)

    def take(self, name: str, data: bytes) -> bytes:
        """``data``, once it is counted.

        Raises:
            FormatError: It is too much.
        """
        if name not in self._names:
            self._names.add(name)
            self._bytes += len(data)
            self._entries += data.count(b"\n") + data.count(b"{")
        if self._bytes > self._limits.total_bytes:
            limit = size_text(self._limits.total_bytes)
            raise FormatError(self._path, f"holds more than {limit} of chats", "Read its files one by one.")
        if self._entries > self._limits.entries:
            problem = f"holds more than {self._limits.entries:,} lines or entries"
            raise FormatError(self._path, problem, "Split it into smaller files.")
        return data


class FolderTree:
    """Files below a folder; symbolic links and hidden files are left aside.

    Args:
        path: The folder.
        limits: Bounds on what is read.

    Raises:
        FormatError: The folder cannot be listed or holds too many files.
    """

    def __init__(self, path: Path, limits: ReadLimits) -> None:
        self._path, self._limits, self._allowance = path, limits, Allowance(path, limits)
        names: list[str] = []
        for folder, folders, files in os.walk(path, onerror=self._refuse):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in files:
                file = Path(folder, name)
                if not name.startswith(".") and file.is_file() and not file.is_symlink():
                    names.append(file.relative_to(path).as_posix())
            if len(names) > limits.files:
                raise FormatError(
                    path, f"holds more than {limits.files:,} files", "Name the folder of one export, not one above it."
                )
        self.names: tuple[str, ...] = tuple(sorted(names))

    def read(self, name: str) -> bytes:
        """Content of a file of :attr:`names`."""
        return self._allowance.take(name, read_bounded(self._path / name, self._limits.file_bytes))

    def _refuse(self, error: OSError) -> None:
        raise FormatError(self._path, f"cannot be listed ({error.strerror})", "Check its permissions.") from None


def read_bounded(path: Path, limit: int) -> bytes:
    """Content of ``path``.

    Raises:
        FormatError: It is not there, cannot be read, or has more than ``limit`` bytes.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise FormatError(path, "there is no such file", "Check the spelling of the path.") from None
    except IsADirectoryError:
        raise FormatError(path, "is a folder, not a file", "Name the files in it.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FormatError(path, f"cannot be read ({reason})", "Check the path and its permissions.") from None
    if len(data) > limit:
        raise FormatError(path, f"has more than {size_text(limit)}", "Split it into smaller files.")
    return data
