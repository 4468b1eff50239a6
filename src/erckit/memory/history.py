"""Speaker history: which earlier utterances of the same speaker a target may remember."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation
from erckit.errors import SettingError, nearest
from erckit.memory.identity import is_anonymous

SCOPES = ("none", "conversation", "all", "preceding", "chunk")
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
    remembered: Sequence[Mapping[str, Sequence[int]]] = (),
) -> NDArray[np.int64]:
    """For every utterance, the rows of its speaker's latest earlier utterances.

    The target itself and everything after it are never among them. Generic and unnamed speakers have no history
    beyond the conversation at hand, where the name does tell who is meant.

    Args:
        conversations: All that may be remembered and all targets, in file order; utterance rows count through them.
        scope: ``none``, ``conversation`` (this one only) or ``all`` (earlier conversations too); or, whoever speaks,
            ``preceding`` (the W utterances before the target) or ``chunk`` (all others of its chunk, where the
            conversation is cut into chunks of W + 1 utterances; later ones too).
        order: ``story`` or ``file``, see ``story_order``.
        window: Most utterances remembered, W.
        anonymous: Generic names of the corpus, besides the usual ones.
        remembered: With ``all``, for each conversation, rows of what its named speakers said elsewhere before all that
            is at hand, oldest first: a window that the conversations do not fill goes on into them.

    Returns:
        Rows, oldest first, right-aligned, -1 where there is no more history, (utterances, W). For ``chunk``
        (utterances, 2W): the utterances at the distances -W to -1 and 1 to W, -1 where they are not in the chunk.
    """
    if scope not in SCOPES:
        raise SettingError(f"unknown history scope '{scope}'. {nearest(scope, SCOPES)}")
    offsets = np.cumsum([0, *(len(c) for c in conversations)])
    if scope in ("preceding", "chunk"):
        return _neighbours(offsets, window, is_chunked=scope == "chunk")
    windows = np.full((int(offsets[-1]), window), -1, dtype=np.int64)
    if scope == "none" or window == 0:
        return windows
    everywhere: dict[str, deque[int]] = {}
    for c in story_order(conversations, order):
        here: dict[str, deque[int]] = {}
        for u, utterance in enumerate(conversations[c].utterances):
            speaker = utterance.speaker
            reaches = scope == "all" and not is_anonymous(speaker, anonymous)
            queue = (everywhere if reaches else here).setdefault(speaker, deque(maxlen=window))
            before = remembered[c].get(speaker, ()) if remembered and reaches else ()
            rows = [*before[max(0, len(before) + len(queue) - window) :], *queue]
            row = int(offsets[c]) + u
            if rows:
                windows[row, window - len(rows) :] = rows
            queue.append(row)
    return windows


def preceding_rows(lengths: Sequence[int], window: int) -> NDArray[np.int64]:
    """Rows of the utterances before each utterance of its conversation, whoever speaks.

    Args:
        lengths: Utterances of each conversation; rows count through all of them.
        window: Most utterances, C.

    Returns:
        Rows, oldest first, right-aligned, -1 for none, (utterances, C).
    """
    return _neighbours(np.cumsum([0, *lengths]), window, is_chunked=False)


def _neighbours(offsets: NDArray[np.int64], window: int, is_chunked: bool) -> NDArray[np.int64]:
    """Rows of the same conversation at fixed distances from each target, -1 where there are none."""
    distances = np.arange(-window, window + 1 if is_chunked else 0)
    distances = distances[distances != 0]
    lengths = np.diff(offsets)
    starts = np.repeat(offsets[:-1], lengths)
    rows = np.arange(int(offsets[-1]))
    ends = np.repeat(offsets[1:], lengths)
    if is_chunked:
        size = window + 1
        starts = starts + (rows - starts) // size * size
        ends = np.minimum(ends, starts + size)
    found = rows[:, None] + distances  # (utterances, W or 2W)
    return np.where((found >= starts[:, None]) & (found < ends[:, None]), found, -1)
