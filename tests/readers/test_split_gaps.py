from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from erckit.conversation import Conversation, Utterance
from erckit.readers.finish_report import split_gaps


def talk(*times: float | None) -> Conversation:
    return Conversation("c", tuple(Utterance(str(i), "Ann", "x", start=time) for i, time in enumerate(times)))


def sizes(conversation: Conversation, hours: float) -> list[int]:
    return [len(part) for part in split_gaps(conversation, hours, Counter())]


def test_silence_splits() -> None:
    assert sizes(talk(0, 3600, 7201), 1) == [2, 1]
    assert sizes(talk(0, None, 7200, None), 1) == [2, 2]
    assert sizes(talk(None, 0, 9999), 24) == [3]
    assert sizes(talk(9999, 0, 1), 1) == [3]


def test_somebody_who_still_talks_is_no_silence() -> None:
    long = Conversation("c", (Utterance("1", "Ann", "x", start=0, end=7000), Utterance("2", "Bob", "y", start=7200)))
    assert sizes(long, 1) == [2]


@given(st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=20), st.floats(0.001, 100))
def test_nothing_is_lost_and_no_part_holds_a_gap(times: list[float | None], hours: float) -> None:
    parts = split_gaps(talk(*times), hours, Counter())
    assert [u for part in parts for u in part.utterances] == list(talk(*times).utterances)
    for part in parts:
        known = [u.start for u in part.utterances if u.start is not None]
        assert all(after - before <= hours * 3600 for before, after in pairwise(known))
    assert len({part.id for part in parts}) == len(parts)
