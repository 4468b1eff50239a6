"""Where a long conversation's prompt is cut, and how much left context the next piece carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from erckit.encoding.segments import Segment
from erckit.errors import SettingError

Block = TypeVar("Block", str, tuple[int, ...])

_KEPT_END = 4  # last tokens or characters of an utterance that is cut: its closing quote and line break


@dataclass(frozen=True, slots=True)
class Room:
    """How much of a conversation a question may have in front of it.

    Args:
        max_tokens: Most tokens of opening and blocks together.
        left_context: Most tokens of earlier blocks that a continued segment carries, below ``max_tokens``.
    """

    max_tokens: int = 1024
    left_context: int = 512

    def __post_init__(self) -> None:
        if not 0 <= self.left_context < self.max_tokens:
            raise SettingError(
                f"left_context {self.left_context}: must be at least 0 and below max_tokens ({self.max_tokens})."
            )


def plan_prompt(opening: int, blocks: Sequence[int], room: Room) -> list[Segment]:
    """Cut one conversation's prompt into segments; each repeats the opening.

    A segment takes block after block. When the next one does not fit any more (``max_tokens``), a new segment begins
    with the most recent blocks: at most ``left_context`` tokens, and no more than leave room for the next one. The cut
    before block t depends on blocks up to t only, so a conversation that goes on is never cut differently. Prompts that
    are asked separately follow the same cuts.

    Args:
        opening: Tokens of the opening.
        blocks: Tokens of each block; a longer one than fits counts, and is cut by the caller, to ``max_tokens``
            less the opening.
        room: The rule.

    Returns:
        Segments in order; every block is read in exactly one. One empty segment for a prompt without blocks.

    Raises:
        SettingError: The opening alone leaves no room.
    """
    budget = room.max_tokens - opening
    if budget < 1:
        raise SettingError(
            f"the prompt's opening has {opening} tokens, and max_tokens is {room.max_tokens}. "
            "Shorten the instruction or raise max_tokens."
        )
    segments: list[Segment] = []
    first = read = used = 0
    for t, block in enumerate(blocks):
        length = min(block, budget)
        if t > first and used + length > budget:
            segments.append(Segment(first, read, t))
            first, used = _reach_back(blocks, t, min(room.left_context, budget - length))
            read = t
        used += length
    segments.append(Segment(first, read, len(blocks)))
    return segments


def fitted(block: Block, most: int) -> Block:
    """A block that is too long loses what stands before its end, so that the quotes it stands in are closed.

    Args:
        block: Text or token ids.
        most: Characters or tokens that fit.
    """
    if len(block) <= most:
        return block
    end = min(_KEPT_END, most // 2)
    return block[: most - end] + block[len(block) - end :]


def _reach_back(blocks: Sequence[int], end: int, budget: int) -> tuple[int, int]:
    """First block of the longest run before ``end`` within the budget, and the run's tokens."""
    first, used = end, 0
    while first > 0 and used + blocks[first - 1] <= budget:
        first -= 1
        used += blocks[first]
    return first, used
