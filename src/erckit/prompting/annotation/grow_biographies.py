"""Fills a plan of causal biographies: every version from the one before it."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from erckit.conversation import Conversation
from erckit.memory.biography import Biography
from erckit.prompting.annotation.biography_plan import Place, SpeakerPlan

if TYPE_CHECKING:
    from erckit.memory.speaker_store import SpeakerStore


@dataclass(frozen=True, slots=True)
class WrittenBiographies:
    """Biographies of some conversations.

    Args:
        per_utterance: For every conversation, for every utterance, the biography of its speaker; ``""`` where there is
            none yet.
        is_causal: Whether none knows what is said after its utterance.
        last: The latest biography of each named speaker; empty for biographies that are not causal.
        lacking: Which conversations show an earlier biography than they should, or none, as theirs could not be had.
    """

    per_utterance: list[tuple[str, ...]]
    is_causal: bool
    last: Mapping[str, Biography] = field(default_factory=dict)
    lacking: Collection[int] = ()


def inputs_hash(writer: str, before: str, lines: Sequence[str]) -> str:
    """Hash of everything that a version is made of: who writes, the version before, the new lines."""
    return hashlib.sha256(json.dumps([writer, before, list(lines)]).encode("ascii")).hexdigest()


# (speaker, biography so far, new utterances) of several speakers -> the new biography of each, None for none.
Rewrite = Callable[[Sequence[tuple[str, str, Sequence[Place]]]], Sequence[str | None]]


def grow_biographies(
    conversations: Sequence[Conversation],
    plans: Sequence[SpeakerPlan],
    known: Mapping[str, Biography],
    writer: str,
    rewrite: Rewrite,
    keeps_last: bool = False,
) -> WrittenBiographies:
    """Write version after version; the speakers' versions of one number are written together.

    Args:
        conversations: As they were planned.
        plans: Of all speakers.
        known: Biographies that named speakers have at the beginning.
        writer: Who writes, for the hashes.
        rewrite: Writes new versions. Where it has none, the speaker stays with the version before.
        keeps_last: Whether to write versions that no utterance here is shown with.
    """
    told = [known.get(plan.name) if plan.is_global else None for plan in plans]
    texts = [[biography.text if biography is not None else ""] for biography in told]
    hashes = [inputs_hash(writer, versions[0], ()) for versions in texts]
    steps = [_steps(plan, keeps_last) for plan in plans]
    broken: dict[int, int] = {}  # plan -> its first version that could not be had
    for number in range(max(map(len, steps), default=0)):
        now = [i for i, chunks in enumerate(steps) if number < len(chunks) and i not in broken]
        written = rewrite([(plans[i].name, texts[i][-1], steps[i][number]) for i in now])
        for i, text in zip(now, written, strict=True):
            if text is None:
                broken[i] = number + 1
                continue
            said = [conversations[c].utterances[u].text for c, u in steps[i][number]]
            hashes[i] = inputs_hash(writer, hashes[i], said)
            texts[i].append(text)
    out = [[""] * len(conversation) for conversation in conversations]
    last, lacking = {}, set()
    for i, plan in enumerate(plans):
        for (c, u), version in plan.versions:
            out[c][u] = texts[i][min(version, len(texts[i]) - 1)]
            if i in broken and version >= broken[i]:
                lacking.add(c)
        if plan.is_global and len(texts[i]) > 1 and i not in broken:
            covered = _covered(conversations, steps[i], told[i])
            before = replace(old, before=None) if (old := told[i]) is not None else None
            last[plan.name] = Biography(texts[i][-1], hashes[i], writer, time.time(), covered, None, before)
    return WrittenBiographies([tuple(row) for row in out], True, last, frozenset(lacking))


def _covered(
    conversations: Sequence[Conversation], chunks: Sequence[Sequence[Place]], told: Biography | None
) -> dict[str, int] | None:
    """How many of the speaker's utterances of which conversations; None where the biography so far does not say."""
    if told is not None and told.conversations is None:
        return None
    new = Counter(conversations[c].id for chunk in chunks for c, _ in chunk)
    return dict((Counter(told.conversations) if told is not None else Counter()) | new)  # the greater of two counts


def _steps(plan: SpeakerPlan, keeps_last: bool) -> list[list[Place]]:
    if not keeps_last or not plan.is_global:
        return plan.chunks[: plan.used]
    return [*plan.chunks, *([plan.left] if plan.left else [])]


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
