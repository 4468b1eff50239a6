"""The list of a folder's files with size and checksum: how a loader knows the folder is whole."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from erckit.errors import ModelFolderError


def file_sha256(path: Path | str) -> str:
    """SHA-256 of the bytes of ``path``, as 64 lower-case hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


MANIFEST_NAME = "manifest.json"
MANIFEST_VERSION = 1
MOST_TEXT_BYTES = 64 * 2**20  # of a file that is read into memory whole


def write_manifest(folder: Path | str) -> Path:
    """Write ``manifest.json`` for every file now in ``folder`` (and below); call it last.

    Returns:
        The manifest's path.

    Raises:
        ModelFolderError: The folder holds a symbolic link.
    """
    folder = Path(folder)
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise ModelFolderError(
                f"{path}: a symbolic link cannot be part of the folder. Put the file itself there instead."
            )
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST_NAME:
            files[name] = {"sha256": file_sha256(path), "bytes": path.stat().st_size}
    target = folder / MANIFEST_NAME
    temporary = folder / f".{MANIFEST_NAME}.tmp"
    with open(temporary, "w", encoding="utf-8", newline="\n") as file:
        json.dump({"version": MANIFEST_VERSION, "files": files}, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, target)
    return target


def verify_manifest(folder: Path | str) -> tuple[str, ...]:
    """Check that every file of the manifest is in ``folder`` with its size and checksum.

    Files the manifest does not know are allowed and ignored (an editor's backup, a note).

    Returns:
        The names the manifest vouches for, relative to ``folder``; load nothing else.

    Raises:
        ModelFolderError: No manifest, a broken one, one that points outside the folder, or a file that
            is missing, altered, or reached through a symbolic link; the message names it.
    """
    folder = Path(folder)
    files = _read_manifest(folder)
    for name, entry in files.items():
        path = folder / safe_name(name, f"{folder}: {MANIFEST_NAME}")
        if path.is_symlink() or any(p.is_symlink() for p in path.parents if p.is_relative_to(folder) and p != folder):
            raise ModelFolderError(f"{path}: is reached through a symbolic link. Put the file itself there instead.")
        if not path.is_file():
            raise ModelFolderError(f"{folder}: '{name}' is missing. Get or save the folder again.")
        if not isinstance(entry, dict) or not isinstance(entry.get("sha256"), str):
            raise ModelFolderError(
                f"{folder}: {MANIFEST_NAME} says nothing usable of '{name}'. Get or save the folder again."
            )
        if path.stat().st_size != entry.get("bytes") or file_sha256(path) != entry["sha256"]:
            raise ModelFolderError(
                f"{folder}: '{name}' is not the file that was saved (size or sha256 differs). "
                "Get or save the folder again."
            )
    return tuple(files)


def recorded_sha256(folder: Path | str, name: str) -> str | None:
    """The checksum that a folder's manifest says of one file, which is not read; None where it says none."""
    try:
        entry = _read_manifest(Path(folder)).get(name)
    except ModelFolderError:
        return None
    found = entry.get("sha256") if isinstance(entry, dict) else None
    return found if isinstance(found, str) else None


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST_NAME
    if not _is_own_file(path):
        raise ModelFolderError(
            f"{folder}: has no {MANIFEST_NAME}, so it is not a folder erckit finished writing. "
            "Check the path, or get or save the folder again."
        )
    try:
        manifest = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise ModelFolderError(f"{path}: is not valid JSON ({error}). Get or save the folder again.") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise ModelFolderError(f"{path}: has no table of files. Get or save the folder again.")
    if manifest.get("version") != MANIFEST_VERSION:
        raise ModelFolderError(
            f"{path}: manifest version {manifest.get('version')!r} is not {MANIFEST_VERSION}. "
            "Use the erckit version that wrote it, or a newer one."
        )
    files: dict[str, Any] = manifest["files"]
    return files


def read_text(path: Path) -> str:
    """Text of a small file of a folder that somebody may have sent.

    Raises:
        ModelFolderError: It is reached through a link, is a device, or is larger than any erckit writes.
    """
    if not _is_own_file(path):
        raise ModelFolderError(f"{path}: is no file, or reached through a link. Put the file itself there instead.")
    with open(path, "rb") as file:
        data = file.read(MOST_TEXT_BYTES + 1)
    if len(data) > MOST_TEXT_BYTES:
        raise ModelFolderError(f"{path}: has more than {MOST_TEXT_BYTES:,} bytes. Get or save the folder again.")
    return data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def _is_own_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def safe_name(name: str, where: str) -> PurePosixPath:
    """``name`` if it stays inside its folder, on any platform.

    Args:
        name: Of a file, relative to the folder.
        where: What names it, for the message.

    Raises:
        ModelFolderError: It does not, or is the manifest's own.
    """
    path = PurePosixPath(name)
    outside = path.is_absolute() or ".." in path.parts or PureWindowsPath(name).drive or "\\" in name or "\0" in name
    if outside or name in ("", ".", MANIFEST_NAME):
        raise ModelFolderError(
            f"{where} names {name!r}, which is not a file inside the folder. "
            "Do not use this folder; get it again from a source you trust."
        )
    return path
