"""Bring the folder of a speaker memory to the version this erckit writes."""

from __future__ import annotations

from pathlib import Path

from erckit.errors import SpeakerMemoryError
from erckit.memory.store.store_folder import STORE_VERSION, read_settings, read_version


def migrate_store(folder: Path) -> str:
    """Migrate a speaker memory where it stands.

    There is one version so far, so nothing needs to be done for it, and nothing can be done for another.

    Returns:
        What was done, for the user.

    Raises:
        SpeakerMemoryError: It is no speaker memory, or of a version that this erckit does not know.
    """
    version = read_version(folder)
    if version == STORE_VERSION:
        read_settings(folder)
        return f"is of version {STORE_VERSION}, which is the newest; nothing to do"
    raise SpeakerMemoryError(
        f"{folder}: no way is known from version {version!r} to {STORE_VERSION}. Get a newer erckit "
        "(pip install --upgrade erckit), or export with the erckit that wrote it."
    )
