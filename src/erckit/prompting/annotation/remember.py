"""Biographies in the speaker memory: where they go on from, and where they are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from erckit.prompting.annotation.written_biographies import WrittenBiographies

if TYPE_CHECKING:
    from erckit.memory.speaker_store import SpeakerStore


def known_biographies(store: SpeakerStore, speakers: Iterable[str], namespace: str = "default") -> dict[str, str]:
    """Biographies that a memory holds of some speakers; speakers it has none of are left out."""
    found = {name: store.biography(name, namespace=namespace) for name in dict.fromkeys(speakers)}
    return {name: biography.text for name, biography in found.items() if biography is not None and biography.text}


def remember_biographies(store: SpeakerStore, written: WrittenBiographies, namespace: str = "default") -> int:
    """Keep the latest biography of each named speaker; one made of the same inputs is not written again.

    Returns:
        How many were written.
    """
    count = 0
    for name, biography in written.last.items():
        kept = store.biography(name, namespace=namespace)
        if kept is None or kept.inputs_hash != biography.inputs_hash:
            store.set_biography(name, biography, namespace=namespace)
            count += 1
    return count
