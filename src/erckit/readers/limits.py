"""How large an input may be."""

from __future__ import annotations

from dataclasses import dataclass

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Bounds that keep a file from filling the memory.

    Args:
        file_bytes: Of one file, on disk or unpacked.
        total_bytes: Of all files read from one archive or folder, unpacked.
        files: Files in one archive or folder.
        ratio: How many times larger than packed a file in an archive may be. Chats in JSON reach about 40; an
            archive that is made to fill the memory has about 1,000.
    """

    file_bytes: int = 1024 * _MIB
    total_bytes: int = 2048 * _MIB
    files: int = 200_000
    ratio: int = 250


DEFAULT_LIMITS = ReadLimits()


def size_text(size: int) -> str:
    """``size`` bytes for a person: ``1.5 MiB``."""
    return f"{size:,} bytes" if size < _MIB else f"{size / _MIB:,.1f} MiB"
