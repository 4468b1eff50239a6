"""Fills a plan of causal biographies: every version from the one before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from erckit.conversation import Conversation
from erckit.memory.biography import Biography
from erckit.prompting.annotation.biography_plan import Place, SpeakerPlan
from erckit.prompting.annotation.written_biographies import WrittenBiographies, inputs_hash

# (speaker, biography so far, new utterances) of several speakers -> the new biography of each.
Rewrite = Callable[[Sequence[tuple[str, str, Sequence[Place]]]], Sequence[str]]


def grow_biographies(
    conversations: Sequence[Conversation],
    plans: Sequence[SpeakerPlan],
    known: Mapping[str, str],
    writer: str,
    rewrite: Rewrite,
    keeps_last: bool = False,
) -> WrittenBiographies:
    """Write version after version; the speakers' versions of one number are written together.

    Args:
        conversations: As they were planned.
        plans: Of all speakers.
        known: What is known of named speakers at the beginning.
        writer: Who writes, for the hashes.
        rewrite: Writes new versions.
        keeps_last: Whether to write versions that no utterance here is shown with.
    """
    out = [[""] * len(conversation) for conversation in conversations]
    texts = [[known.get(plan.name, "") if plan.is_global else ""] for plan in plans]
    hashes = [inputs_hash(writer, versions[0], ()) for versions in texts]
    steps = [_steps(plan, keeps_last) for plan in plans]
    for number in range(max(map(len, steps), default=0)):
        now = [i for i, chunks in enumerate(steps) if number < len(chunks)]
        written = rewrite([(plans[i].name, texts[i][-1], steps[i][number]) for i in now])
        for i, text in zip(now, written, strict=True):
            said = [conversations[c].utterances[u].text for c, u in steps[i][number]]
            hashes[i] = inputs_hash(writer, hashes[i], said)
            texts[i].append(text)
    last = {}
    for plan, versions, digest in zip(plans, texts, hashes, strict=True):
        for (c, u), version in plan.versions:
            out[c][u] = versions[version]
        if plan.is_global and len(versions) > 1:
            last[plan.name] = Biography(versions[-1], digest, writer, time.time())
    return WrittenBiographies([tuple(row) for row in out], True, last)


def _steps(plan: SpeakerPlan, keeps_last: bool) -> list[list[Place]]:
    if not keeps_last or not plan.is_global:
        return plan.chunks[: plan.used]
    return [*plan.chunks, *([plan.left] if plan.left else [])]
