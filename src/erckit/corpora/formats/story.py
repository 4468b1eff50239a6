"""Where each conversation of a television corpus stands in the story."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from erckit.conversation import Conversation


def add_story(conversations: Sequence[Conversation]) -> tuple[Conversation, ...]:
    """Conversations with ``meta["story"] = [season, episode, scene position]``, which sorts chronologically.

    A scene without a number is placed by its position in the file: evenly between the numbered scenes
    before and after it in the same episode, and after the last one in whole steps.

    Args:
        conversations: In file order, each with ``season``, ``episode`` and ``scene`` (may be None) in its
            meta. Those without season and episode are returned as they are.
    """
    places: dict[int, list[float]] = {}
    episodes: dict[tuple[Any, Any], list[int]] = {}
    for index, conversation in enumerate(conversations):
        season, episode = conversation.meta.get("season"), conversation.meta.get("episode")
        if season is not None and episode is not None:
            episodes.setdefault((season, episode), []).append(index)
    for (season, episode), indices in episodes.items():
        scenes = [conversations[index].meta.get("scene") for index in indices]
        for index, position in zip(indices, _positions(scenes), strict=True):
            places[index] = [season, episode, position]
    return tuple(
        replace(c, meta={**c.meta, "story": places[index]}) if index in places else c
        for index, c in enumerate(conversations)
    )


def _positions(scenes: Sequence[float | None]) -> list[float]:
    """Numbers for scenes that lack one, between their numbered neighbours in the list."""
    positions: list[float] = []
    last = 0.0
    for unnumbered, group in itertools.groupby(enumerate(scenes), key=lambda pair: pair[1] is None):
        entries = list(group)
        if not unnumbered:
            positions.extend(scene for _, scene in entries if scene is not None)
            last = positions[-1]
            continue
        after = entries[-1][0] + 1
        following = scenes[after] if after < len(scenes) else None
        # Neighbours that run backwards (a scene out of order) leave no room between them.
        if following is None or following <= last:
            step = 1.0
        else:
            step = (following - last) / (len(entries) + 1)
        positions.extend(last + step * (place + 1) for place in range(len(entries)))
    return positions
