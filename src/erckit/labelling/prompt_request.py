"""What an LLM system gathers before it reads prompts: targets, what they may remember, labels it gave before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation
from erckit.labelling.prompt_memory import PromptMemory
from erckit.prompting.context.context_builder import ContextBuilder
from erckit.prompting.context.gathered import Gathered

_SHOWN = 50  # latest utterances of a speaker that are taken from the speaker memory


@dataclass(frozen=True, slots=True)
class PromptRequest:
    """Everything that is needed to label some conversations.

    Args:
        gathered: Targets and everything they may remember.
        targets: Which of its conversations are targets, in order.
        known: Label of every utterance row that the speaker memory holds, negative for none, (R,).
    """

    gathered: Gathered
    targets: range
    known: NDArray[np.int64]


def prompt_request(
    builder: ContextBuilder,
    conversations: Sequence[Conversation],
    history: str,
    remember: Sequence[Conversation] = (),
    memory: PromptMemory | None = None,
    keeps_vectors: bool = False,
) -> PromptRequest:
    """Gather what the prompts of conversations show.

    Args:
        builder: Of the prompts.
        conversations: Targets, at least one.
        history: ``conversation`` or ``all``; more than the model was trained with is not taken.
        remember: Earlier conversations, for ``all``.
        memory: The speaker memory, for ``all``; None for none.
        keeps_vectors: Keep sentence vectors in the cache folder: for public corpora only.
    """
    reaches = history == "all" and builder.scope == "all"
    earlier = list(remember) if reaches else []
    past = None
    if memory is not None and reaches and builder.shows_past:
        past = memory.past(conversations, _SHOWN, int(getattr(builder.style.settings, "related", 0)))
    told = memory.biographies(conversations) if memory is not None and reaches else None
    everything = [*([past] if past is not None else []), *earlier, *conversations]
    gathered = builder.gather(
        everything,
        scope=None if reaches else "conversation",
        told=told,
        only_past=int(past is not None),
        keeps_vectors=keeps_vectors,
    )
    known = np.full(gathered.utterances, -1, dtype=np.int64)
    if past is not None:
        known[: len(past)] = builder.label_set.indices((u.label for u in past.utterances), -1)
    return PromptRequest(gathered, range(len(everything) - len(conversations), len(everything)), known)
