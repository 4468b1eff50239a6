"""History windows that go on from the conversations at hand into the speaker memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation
from erckit.memory.history import story_order
from erckit.memory.identity import is_anonymous


def remembered_windows(
    conversations: Sequence[Conversation],
    remembered: Sequence[Mapping[str, Sequence[int]]],
    *,
    order: str,
    window: int,
    anonymous: Collection[str] = (),
) -> NDArray[np.int64]:
    """For every utterance, the rows of its speaker's latest earlier utterances, here and in memory.

    As ``history_windows`` with scope ``all``; a window that the conversations at hand do not fill goes on into the
    memory, whose utterances count as earlier than all that is at hand.

    Args:
        conversations: In file order; utterance rows count through them.
        remembered: For each conversation, rows of what its named speakers said before, oldest first.
        order: ``story`` or ``file``.
        window: Most utterances remembered, W.
        anonymous: Generic names of the corpus, besides the usual ones.

    Returns:
        Rows, oldest first, right-aligned, -1 where there is no more history, (utterances, W).
    """
    offsets = np.cumsum([0, *(len(c) for c in conversations)])
    windows = np.full((int(offsets[-1]), window), -1, dtype=np.int64)
    everywhere: dict[str, deque[int]] = {}
    for c in story_order(conversations, order):
        here: dict[str, deque[int]] = {}
        for u, utterance in enumerate(conversations[c].utterances):
            speaker = utterance.speaker
            is_named = not is_anonymous(speaker, anonymous)
            queue = (everywhere if is_named else here).setdefault(speaker, deque(maxlen=window))
            before = remembered[c].get(speaker, ()) if is_named else ()
            rows = [*before[max(0, len(before) + len(queue) - window) :], *queue]
            row = int(offsets[c]) + u
            if rows:
                windows[row, window - len(rows) :] = rows
            queue.append(row)
    return windows
