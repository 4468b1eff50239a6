"""Fills a plan of causal biographies: every version from the one before it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from erckit.conversation import Conversation
from erckit.memory.biography import Biography
from erckit.prompting.annotation.biography_plan import Place, SpeakerPlan
from erckit.prompting.annotation.written_biographies import WrittenBiographies, inputs_hash

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
