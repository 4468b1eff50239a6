from __future__ import annotations

from erckit.conversation import Conversation, Utterance
from erckit.corpora.formats.story import add_story


def scenes(*places: tuple[int | None, int | None, int | None]) -> list[object]:
    conversations = [
        Conversation(str(n), (Utterance("u", "Ann", "hi"),), {"season": s, "episode": e, "scene": c})
        for n, (s, e, c) in enumerate(places)
    ]
    return [c.meta.get("story") for c in add_story(conversations)]


def test_numbered_scenes() -> None:
    assert scenes((1, 2, 3), (1, 10, 1), (1, 2, 1)) == [[1, 2, 3], [1, 10, 1], [1, 2, 1]]


def test_unnumbered_scenes_stand_between_their_neighbours() -> None:
    assert scenes((1, 1, 4), (1, 1, None), (1, 1, None), (1, 1, 7)) == [[1, 1, 4], [1, 1, 5], [1, 1, 6], [1, 1, 7]]
    assert scenes((1, 1, None), (1, 1, 1)) == [[1, 1, 0.5], [1, 1, 1]]


def test_unnumbered_scenes_at_the_end_follow_and_do_not_leave_the_episode() -> None:
    assert scenes((1, 1, 4), (1, 1, None), (1, 1, None), (1, 2, 1)) == [[1, 1, 4], [1, 1, 5], [1, 1, 6], [1, 2, 1]]
    assert scenes((1, 1, None), (1, 1, None)) == [[1, 1, 1], [1, 1, 2]]


def test_without_an_episode_there_is_no_story() -> None:
    assert scenes((None, None, 3), (1, None, 3)) == [None, None]
