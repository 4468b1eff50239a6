"""The cut rule: every block read once, limits kept, and what is to come never moves a cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.causal.prompt_segments import Room, fitted, plan_prompt
from erckit.encoding.segments import Segment
from erckit.errors import SettingError

BLOCKS = st.lists(st.integers(0, 40), max_size=30)
ROOMS = st.builds(Room, st.just(64), st.integers(0, 40))


@given(blocks=BLOCKS, room=ROOMS, opening=st.integers(0, 60))
def test_every_block_is_read_once_within_the_limits(blocks: list[int], room: Room, opening: int) -> None:
    budget = room.max_tokens - opening
    segments = plan_prompt(opening, blocks, room)
    assert [b for s in segments for b in range(s.read, s.end)] == list(range(len(blocks)))
    for segment in segments:
        lengths = [min(block, budget) for block in blocks[segment.first : segment.end]]
        assert sum(lengths) <= budget
        assert sum(blocks[segment.first : segment.read]) <= room.left_context


@given(blocks=BLOCKS, more=BLOCKS, room=ROOMS)
def test_a_conversation_that_goes_on_keeps_its_cuts(blocks: list[int], more: list[int], room: Room) -> None:
    before, after = plan_prompt(10, blocks, room), plan_prompt(10, [*blocks, *more], room)
    assert after[: len(before) - 1] == before[:-1]
    assert (after[len(before) - 1].first, after[len(before) - 1].read) == (before[-1].first, before[-1].read)


def test_cuts_by_hand() -> None:
    assert plan_prompt(5, [2] * 7, Room(11, 4)) == [
        Segment(0, 0, 3),
        Segment(1, 3, 4),
        Segment(2, 4, 5),
        Segment(3, 5, 6),
        Segment(4, 6, 7),
    ]


@given(st.integers(0, 30), st.integers(1, 30))
def test_a_cut_block_keeps_its_end(length: int, most: int) -> None:
    text = "".join(chr(97 + i) for i in range(length))
    found = fitted(text, most)
    assert fitted(tuple(text.encode()), most) == tuple(found.encode())
    assert len(found) == min(length, most)
    end = min(4, most // 2)
    assert found == text or found == text[: most - end] + text[length - end :]


def test_no_blocks_and_no_room() -> None:
    assert plan_prompt(5, [], Room()) == [Segment(0, 0, 0)]
    with pytest.raises(SettingError, match="opening has 1024 tokens"):
        plan_prompt(1024, [1], Room())
    with pytest.raises(SettingError, match="left_context 9"):
        Room(9, 9)
