"""Which utterances share one token sequence, and which of them are read off it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from erckit.errors import SettingError, nearest

ATTENTIONS = ("one_pass", "per_utterance", "full", "isolated")


@dataclass(frozen=True, slots=True)
class Segment:
    """Blocks ``first`` to ``end`` (exclusive) of one conversation form a sequence; those from ``read`` on are read.

    Blocks before ``read`` are left context only: they were read off an earlier segment.
    """

    first: int
    read: int
    end: int


def plan_segments(lengths: Sequence[int], attention: str, max_tokens: int, left_context: int) -> list[Segment]:
    """Cut one conversation into segments that fit the backbone's positions.

    ``one_pass`` and ``full`` put as many utterances as fit into one segment. When the next utterance does not fit,
    a new segment starts with the most recent utterances that together have at most ``left_context`` tokens. The
    cut before utterance t depends on utterances up to t only, so a stream makes the same cuts as a batch.
    ``per_utterance`` makes one segment per utterance, with as much left context as fits: what the papers do.
    ``isolated`` gives every utterance a segment of its own, without context.

    Args:
        lengths: Tokens of each utterance block, each in [1, max_tokens].
        attention: One of ``ATTENTIONS``.
        max_tokens: Positions the backbone has.
        left_context: Tokens of left context a continued segment may carry, in [0, max_tokens).

    Returns:
        Segments in order; every utterance is read exactly once.
    """
    if attention not in ATTENTIONS:
        raise SettingError(f"unknown attention '{attention}'. {nearest(attention, ATTENTIONS)}")
    count = len(lengths)
    if attention == "isolated":
        return [Segment(u, u, u + 1) for u in range(count)]
    if attention == "per_utterance":
        return [Segment(reach_back(lengths, u, max_tokens - lengths[u]), u, u + 1) for u in range(count)]
    segments: list[Segment] = []
    first = read = used = 0
    for u, length in enumerate(lengths):
        if used + length > max_tokens:
            segments.append(Segment(first, read, u))
            first = reach_back(lengths, u, min(left_context, max_tokens - length))
            read, used = u, sum(lengths[first:u])
        used += length
    segments.append(Segment(first, read, count))
    return segments


def reach_back(lengths: Sequence[int], end: int, budget: int) -> int:
    """First block of the longest run that ends before ``end`` and has at most ``budget`` tokens."""
    first = end
    while first > 0 and lengths[first - 1] <= budget:
        first -= 1
        budget -= lengths[first]
    return first
