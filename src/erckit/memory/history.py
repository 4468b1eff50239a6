"""Speaker history: which earlier utterances of the same speaker a target may remember."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation
from erckit.errors import SettingError, nearest
from erckit.memory.identity import is_anonymous

SCOPES = ("none", "conversation", "all")
ORDERS = ("story", "file")


def story_order(conversations: Sequence[Conversation], order: str = "story") -> list[int]:
    """Indices of the conversations in the order they happened.

    ``story`` sorts by the numbers in ``meta["story"]`` (season, episode, scene); conversations without it keep
    their place in the file, after all that have it. ``file`` keeps the given order.
    """
    if order not in ORDERS:
        raise SettingError(f"unknown history order '{order}'. {nearest(order, ORDERS)}")
    if order == "file":
        return list(range(len(conversations)))
    stories = [_story(conversation) for conversation in conversations]
    return sorted(range(len(stories)), key=lambda i: (not stories[i], stories[i], i))


def _story(conversation: Conversation) -> tuple[float, ...]:
    """Where in the story it happened; empty where the source says nothing that can be sorted."""
    numbers = conversation.meta.get("story")
    if not isinstance(numbers, list | tuple):
        return ()
    is_sortable = all(isinstance(n, int | float) and not isinstance(n, bool) and n == n for n in numbers)
    return tuple(numbers) if is_sortable else ()


def history_windows(
    conversations: Sequence[Conversation],
    *,
    scope: str = "all",
    order: str = "story",
    window: int = 11,
    anonymous: Collection[str] = (),
) -> NDArray[np.int64]:
    """For every utterance, the rows of its speaker's latest earlier utterances.

    The target itself and everything after it are never among them. Generic and unnamed speakers have no history
    beyond the conversation at hand, where the name does tell who is meant.

    Args:
        conversations: All that may be remembered and all targets, in file order; utterance rows count through them.
        scope: ``none``, ``conversation`` (this one only) or ``all`` (earlier conversations too).
        order: ``story`` or ``file``, see ``story_order``.
        window: Most utterances remembered, W.
        anonymous: Generic names of the corpus, besides the usual ones.

    Returns:
        Rows, oldest first, right-aligned, -1 where there is no more history, (utterances, W).
    """
    if scope not in SCOPES:
        raise SettingError(f"unknown history scope '{scope}'. {nearest(scope, SCOPES)}")
    offsets = np.cumsum([0, *(len(c) for c in conversations)])
    windows = np.full((int(offsets[-1]), window), -1, dtype=np.int64)
    if scope == "none" or window == 0:
        return windows
    everywhere: dict[str, deque[int]] = {}
    for c in story_order(conversations, order):
        here: dict[str, deque[int]] = {}
        for u, utterance in enumerate(conversations[c].utterances):
            speaker = utterance.speaker
            queues = everywhere if scope == "all" and not is_anonymous(speaker, anonymous) else here
            queue = queues.setdefault(speaker, deque(maxlen=window))
            row = int(offsets[c]) + u
            if queue:
                windows[row, window - len(queue) :] = queue
            queue.append(row)
    return windows
