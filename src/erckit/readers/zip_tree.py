"""The files of an export that is a zip archive, read in memory and never unpacked to disk."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections import Counter
from pathlib import Path, PurePosixPath

from erckit.errors import FormatError
from erckit.readers.folder_tree import Allowance, ReadLimits, size_text

_EXTRACT = "Extract or export the conversation as text, JSONL or CSV."
_SMALL = 2**20  # what is unpacked from less than this is no danger, whatever its ratio
_CHUNK = 2**20
_ENCRYPTED = 0x1
# zipfile lets all of these out for archives that are cut off or altered.
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, RuntimeError, OverflowError)
# macOS adds a folder with these to every archive it makes.
_ASIDE = ("__MACOSX/", ".DS_Store")


def is_zip(start: bytes) -> bool:
    """Whether a file that begins with ``start`` is a zip archive."""
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06"))


class ZipTree:
    """Files of a zip archive.

    Args:
        path: The archive, for messages, and to open where ``data`` is None.
        data: Its content, or None.
        limits: Bounds on what is unpacked.

    Raises:
        FormatError: It is no zip archive that can be read, holds too many files or twice the same one, or names
            a file outside of itself, a link or a file that unpacks to too much.
    """

    def __init__(self, path: Path, data: bytes | None, limits: ReadLimits) -> None:
        self._path, self._limits, self._allowance = path, limits, Allowance(path, limits)
        self._unpacked = self._packed = 0  # bytes of the files that were read
        self._seen: set[str] = set()
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data) if data is not None else path)
        except _BROKEN as error:
            raise FormatError(path, f"is a zip archive that cannot be opened ({error})", _EXTRACT) from None
        try:
            self._members = self._checked()
        except BaseException:
            self._zip.close()
            raise
        self.names: tuple[str, ...] = tuple(sorted(self._members))

    def __enter__(self) -> ZipTree:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def read(self, name: str) -> bytes:
        """Content of a file of :attr:`names`."""
        info = self._members[name]
        where = self._path / name
        if info.flag_bits & _ENCRYPTED:
            raise FormatError(where, "is encrypted", "Extract it with its password first.")
        room = self._allowance.room(name)
        parts: list[bytes] = []
        size = 0
        try:
            with self._zip.open(info) as file:
                # The size that the archive states may be a lie: what is unpacked is counted as it comes.
                while part := file.read(_CHUNK):
                    size += len(part)
                    if size > room:
                        raise FormatError(where, f"unpacks to more than {size_text(room)}", _EXTRACT)
                    self._refuse_bomb(name, size, info.compress_size)
                    parts.append(part)
        except _BROKEN as error:
            reason = str(error)[:100] or type(error).__name__
            raise FormatError(where, f"cannot be unpacked ({reason})", _EXTRACT) from None
        except Exception as error:
            # lzma.LZMAError; the module itself may be missing from a Python.
            if type(error).__name__ != "LZMAError":
                raise
            raise FormatError(where, f"cannot be unpacked ({error})", _EXTRACT) from None
        if name not in self._seen:
            self._seen.add(name)
            self._unpacked, self._packed = self._unpacked + size, self._packed + info.compress_size
        return self._allowance.take(name, b"".join(parts))

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        infos = self._zip.infolist()
        if len(infos) > self._limits.files:
            raise FormatError(self._path, f"holds more than {self._limits.files:,} files", _EXTRACT)
        members: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            name = info.filename
            self._refuse_path(name)
            if stat.S_ISLNK(info.external_attr >> 16):
                raise FormatError(self._path, f"holds the link '{name[:80]}'", "Make the archive again without links.")
            if info.is_dir() or name.startswith(_ASIDE) or PurePosixPath(name).name.startswith("."):
                continue
            members[name] = info
        repeated = [name for name, count in Counter(info.filename for info in infos).items() if count > 1]
        if repeated:
            raise FormatError(self._path, f"holds '{repeated[0][:80]}' twice", "Make the archive again.")
        return members

    def _refuse_path(self, name: str) -> None:
        if not name:
            raise FormatError(self._path, "is a zip archive with a file without a name", _EXTRACT)
        path = PurePosixPath(name)
        drive = name[1:2] == ":" and name[:1].isalpha()
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or drive:
            raise FormatError(
                self._path, f"names a file outside of itself ('{name[:80]}')", "Do not use this archive; export again."
            )

    def _refuse_bomb(self, name: str, size: int, packed: int) -> None:
        """Refuse a file far larger than it is packed, and files that are small each and so all together."""
        before = (0, 0) if name in self._seen else (self._unpacked, self._packed)
        for problem, unpacked, room in (
            (f"'{name[:80]}', which unpacks", size, packed),
            ("files that together unpack", size + before[0], packed + before[1]),
        ):
            if unpacked > _SMALL and unpacked > self._limits.ratio * max(room, 1):
                problem = f"holds {problem} to more than {self._limits.ratio} times its size"
                raise FormatError(self._path, problem, _EXTRACT)
