from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from erckit.readers.formats.reply_order import reply_order


def order(*nodes: tuple[str, str, float | None]) -> str:
    return "".join(nodes[place][0] for place in reply_order(nodes, Counter()))


def test_depth_first_without_times() -> None:
    assert order(("a", "", None), ("b", "a", None), ("c", "a", None), ("d", "b", None)) == "abdc"
    assert order(("a", "", 1.0), ("b", "a", None), ("c", "", 0.0)) == "abc"


def test_by_time_but_never_before_what_is_answered() -> None:
    assert order(("a", "", 5.0), ("b", "a", 1.0), ("c", "", 3.0)) == "cab"


def test_a_million_answers_in_a_row_and_many_circles() -> None:
    chain = [(str(i), str(i - 1) if i else "", None) for i in range(50_000)]
    assert reply_order(chain[::-1], Counter()) == list(range(50_000))[::-1]
    circles = [(str(i), str(i ^ 1), None) for i in range(50_000)]
    assert sorted(reply_order(circles, Counter())) == list(range(50_000))


NODES = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["", *"abcdefghz"]), st.none() | st.floats(0, 9)),
    max_size=12,
)


@given(NODES)
def test_every_utterance_once_and_answers_behind_what_they_answer(nodes: list[tuple[str, str, float | None]]) -> None:
    notes: Counter[str] = Counter()
    places = reply_order(nodes, notes)
    assert sorted(places) == list(range(len(nodes)))
    if any("circle" in note for note in notes):
        return
    rank = {place: position for position, place in enumerate(places)}
    first = {identifier: place for place, (identifier, _, _) in reversed(list(enumerate(nodes)))}
    for place, (_, reply_to, _) in enumerate(nodes):
        if reply_to in first and first[reply_to] != place:
            assert rank[first[reply_to]] < rank[place]
