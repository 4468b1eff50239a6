"""Biographies in the speaker memory: where they go on from, and where they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from erckit.conversation import Conversation
from erckit.memory.biography import Biography
from erckit.prompting.annotation.written_biographies import WrittenBiographies

if TYPE_CHECKING:
    from erckit.memory.speaker_store import SpeakerStore


def known_biographies(store: SpeakerStore, speakers: Iterable[str], namespace: str = "default") -> dict[str, Biography]:
    """Biographies that a memory holds of some speakers; speakers it has none of are left out."""
    found = {name: store.biography(name, namespace=namespace) for name in dict.fromkeys(speakers)}
    return {name: biography for name, biography in found.items() if biography is not None and biography.text}


def biographies_before(
    known: Mapping[str, Biography] | None, conversations: Iterable[Conversation]
) -> dict[str, Biography]:
    """Of each speaker the latest version that was not made from any of these conversations, which come after it."""
    here = {conversation.id for conversation in conversations}
    found = {}
    for name, latest in (known or {}).items():
        version: Biography | None = latest
        while version is not None and here & (version.conversations or {}).keys():
            version = version.before
        if version is not None:
            found[name] = version
    return found


def remember_biographies(store: SpeakerStore, written: WrittenBiographies, namespace: str = "default") -> int:
    """Keep the latest biography of each named speaker, where it takes in more than the one that is kept, and no less.

    Returns:
        How many were written.
    """
    count = 0
    for name, biography in written.last.items():
        kept = store.biography(name, namespace=namespace)
        if kept is None or _takes_in_more(biography, kept):
            store.set_biography(name, biography, namespace=namespace)
            count += 1
    return count


def _takes_in_more(new: Biography, kept: Biography) -> bool:
    if new.inputs_hash == kept.inputs_hash:
        return False
    if new.conversations is None or kept.conversations is None:
        # What goes on from one whose conversations nobody knows does not know them either; another would drop it.
        return new.conversations is None and kept.conversations is None
    has_all = all(new.conversations.get(name, 0) >= number for name, number in kept.conversations.items())
    return has_all and dict(new.conversations) != dict(kept.conversations)
