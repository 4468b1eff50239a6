"""Which weights a folder of a causal language model holds, as a checksum."""

from __future__ import annotations

import hashlib
from pathlib import Path

from erckit.backbones.causal_lms import is_checked
from erckit.backbones.gguf import gguf_sha256
from erckit.storage.manifest import file_sha256, recorded_sha256

_HASHED: dict[tuple[str, int, int], str] = {}  # (path, changed at, size) to checksum: large files are read once


def folder_sha256(folder: Path) -> str:
    """Checksum of the weights in a folder.

    A folder that was converted from a GGUF file has the checksum of that file, as long as its weights are those that
    were written then, which its manifest says; otherwise it counts as any other folder.

    Args:
        folder: With safetensors files.

    Returns:
        Of the GGUF file; else of the safetensors file; of several, the checksum of their checksums.
    """
    from_gguf = gguf_sha256(folder)
    if from_gguf is not None and is_checked(folder):
        return from_gguf
    sums = {file.name: _sha256(file) for file in sorted(folder.glob("*.safetensors"))}
    if from_gguf is not None and sums == {"model.safetensors": recorded_sha256(folder, "model.safetensors")}:
        return from_gguf
    if len(sums) == 1:
        return next(iter(sums.values()))
    return hashlib.sha256("".join(sums.values()).encode("ascii")).hexdigest()


def _sha256(file: Path) -> str:
    status = file.stat()
    key = (str(file.resolve()), status.st_mtime_ns, status.st_size)
    if key not in _HASHED:
        _HASHED[key] = file_sha256(file)
    return _HASHED[key]
