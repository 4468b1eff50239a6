"""Speaker history against a loop that looks at every pair of utterances."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.conversation import Conversation, Utterance
from erckit.errors import SettingError
from erckit.memory.history import history_windows, story_order

SPEAKERS = st.sampled_from(["Ana", "Ben", "Waiter", "Cast", ""])
STORY = st.one_of(st.none(), st.lists(st.integers(1, 3), min_size=3, max_size=3))
CONVERSATIONS = st.lists(st.tuples(st.lists(SPEAKERS, min_size=1, max_size=8), STORY), min_size=1, max_size=7)
ANONYMOUS = {"Waiter", "Cast", ""}


def _make(shape: list[tuple[list[str], list[int] | None]]) -> list[Conversation]:
    return [
        Conversation(
            f"c{c}",
            tuple(Utterance(f"u{u}", name, "x") for u, name in enumerate(names)),
            {} if story is None else {"story": story},
        )
        for c, (names, story) in enumerate(shape)
    ]


def _naive(shape: list[tuple[list[str], list[int] | None]], scope: str, order: str, window: int) -> list[list[int]]:
    """Every pair: may ``target`` remember ``other``, and when was that said?"""
    everything = []  # (when, conversation, speaker), in row order
    for c, (names, story) in enumerate(shape):
        for u, name in enumerate(names):
            if order == "file":
                when = (c, u)
            else:
                when = (0, *story, c, u) if story is not None else (1, c, u)
            everything.append((when, c, name))
    found = []
    for when, c, name in everything:
        rows = []
        for row, (earlier, other, speaker) in enumerate(everything):
            if speaker != name or earlier >= when:
                continue
            if other == c or (scope == "all" and name not in ANONYMOUS):
                rows.append((earlier, row))
        found.append([row for _, row in sorted(rows)][-window:])
    return found


@given(CONVERSATIONS, st.sampled_from(["conversation", "all"]), st.sampled_from(["story", "file"]), st.integers(1, 5))
def test_windows_equal_the_naive_loop(shape: list, scope: str, order: str, window: int) -> None:
    found = history_windows(_make(shape), scope=scope, order=order, window=window, anonymous={"Cast"})
    assert found.shape == (sum(len(names) for names, _ in shape), window)
    for row, expected in zip(found.tolist(), _naive(shape, scope, order, window), strict=True):
        assert row == [-1] * (window - len(expected)) + expected


@given(CONVERSATIONS, st.sampled_from(["conversation", "all"]), st.sampled_from(["story", "file"]))
def test_neither_the_target_nor_what_follows_is_remembered(shape: list, scope: str, order: str) -> None:
    conversations = _make(shape)
    owner = [c for c, (names, _) in enumerate(shape) for _ in names]
    place = {c: i for i, c in enumerate(story_order(conversations, order))}
    for target, row in enumerate(history_windows(conversations, scope=scope, order=order).tolist()):
        for remembered in (r for r in row if r >= 0):
            assert (place[owner[remembered]], remembered) < (place[owner[target]], target)


def test_story_order_is_not_file_order() -> None:
    conversations = _make([(["Ana"], [2, 1, 1]), (["Ana"], None), (["Ana"], [1, 10, 1]), (["Ana"], [1, 9, 2])])
    assert story_order(conversations, "story") == [3, 2, 0, 1]
    assert story_order(conversations, "file") == [0, 1, 2, 3]
    assert history_windows(conversations, window=2).tolist() == [[3, 2], [2, 0], [-1, 3], [-1, -1]]
    assert history_windows(conversations, window=2, order="file").tolist() == [[-1, -1], [-1, 0], [0, 1], [1, 2]]


def test_scope_none_remembers_nothing() -> None:
    assert (history_windows(_make([(["Ana", "Ana"], None)]), scope="none") == -1).all()


@pytest.mark.parametrize("story", ["once upon a time", 3, ["one", "two"], [1, None], {"season": 1}, [[1], [2]], [True]])
def test_a_story_that_is_no_list_of_numbers_is_no_story(story: object) -> None:
    said = (Utterance("u", "Ana", "x"),)
    conversations = [Conversation("a", said, {"story": story}), Conversation("b", said, {"story": [1, 2]})]
    assert story_order(conversations) == [1, 0]


def test_unknown_settings_name_the_nearest() -> None:
    with pytest.raises(SettingError, match="Did you mean 'story'"):
        history_windows(_make([(["Ana"], None)]), order="storyline")
    with pytest.raises(SettingError, match="Did you mean 'conversation'"):
        history_windows(_make([(["Ana"], None)]), scope="conversations")
