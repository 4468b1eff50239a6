"""Cutting conversations into segments, against its own promises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.encoding.segments import ATTENTIONS, Segment, plan_segments
from erckit.errors import SettingError

MAX_TOKENS = 40
LENGTHS = st.lists(st.integers(1, MAX_TOKENS), max_size=40)
LEFT = st.integers(0, MAX_TOKENS - 1)


@given(LENGTHS, st.sampled_from(ATTENTIONS), LEFT)
def test_every_utterance_is_read_once_and_every_segment_fits(lengths: list[int], attention: str, left: int) -> None:
    segments = plan_segments(lengths, attention, MAX_TOKENS, left)
    assert [u for s in segments for u in range(s.read, s.end)] == list(range(len(lengths)))
    for segment in segments:
        assert 0 <= segment.first <= segment.read
        assert sum(lengths[segment.first : segment.end]) <= MAX_TOKENS


@given(LENGTHS, st.sampled_from(("one_pass", "full")), LEFT)
def test_left_context_is_the_longest_run_that_is_allowed(lengths: list[int], attention: str, left: int) -> None:
    for segment in plan_segments(lengths, attention, MAX_TOKENS, left)[1:]:
        room = min(left, MAX_TOKENS - lengths[segment.read])
        assert sum(lengths[segment.first : segment.read]) <= room
        if segment.first > 0:
            assert sum(lengths[segment.first - 1 : segment.read]) > room


@given(LENGTHS)
def test_per_utterance_carries_all_context_that_fits(lengths: list[int]) -> None:
    for u, segment in enumerate(plan_segments(lengths, "per_utterance", MAX_TOKENS, 0)):
        assert (segment.read, segment.end) == (u, u + 1)
        assert segment.first == 0 or sum(lengths[segment.first - 1 : u + 1]) > MAX_TOKENS


@given(LENGTHS, LEFT, st.integers(0, 40))
def test_a_cut_depends_on_what_was_said_so_far_only(lengths: list[int], left: int, said: int) -> None:
    def seen_by(all_lengths: list[int]) -> list[int]:
        """First utterance in the segment that each utterance is read in."""
        return [s.first for s in plan_segments(all_lengths, "one_pass", MAX_TOKENS, left) for _ in range(s.read, s.end)]

    assert seen_by(lengths)[:said] == seen_by(lengths[:said])


def test_no_cut_before_the_positions_are_used_up() -> None:
    assert plan_segments([20, 20], "one_pass", 40, 10) == [Segment(0, 0, 2)]
    assert plan_segments([20, 20, 1], "one_pass", 40, 20) == [Segment(0, 0, 2), Segment(1, 2, 3)]
    assert plan_segments([20, 20, 1], "one_pass", 40, 19) == [Segment(0, 0, 2), Segment(2, 2, 3)]
    assert plan_segments([3, 4], "isolated", 40, 10) == [Segment(0, 0, 1), Segment(1, 1, 2)]


def test_unknown_attention_names_the_nearest() -> None:
    with pytest.raises(SettingError, match="Did you mean 'one_pass'"):
        plan_segments([1], "onepass", 40, 10)
