"""Letters: shared exactly by systems without a difference."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from erckit.metrics.letter_groups import letter_groups


def test_worked_examples() -> None:
    assert letter_groups(0, []) == ()
    assert letter_groups(3, []) == (("a",), ("a",), ("a",))
    assert letter_groups(3, [(0, 2)]) == (("a",), ("a", "b"), ("b",))
    assert letter_groups(3, [(0, 1), (0, 2), (1, 2)]) == (("a",), ("b",), ("c",))
    # 0 and 3 differ, and 1 and 2 differ: four groups of two.
    assert letter_groups(4, [(0, 3), (1, 2)]) == (("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"))


def test_more_groups_than_letters() -> None:
    letters = letter_groups(28, combinations(range(28), 2))
    assert letters[25:] == (("z",), ("a'",), ("b'",))


PAIRS = list(combinations(range(7), 2))


@given(st.sets(st.sampled_from(PAIRS)))
def test_systems_share_a_letter_exactly_when_they_do_not_differ(different: set[tuple[int, int]]) -> None:
    letters = letter_groups(7, sorted(different))
    assert all(letters)
    for one, other in PAIRS:
        assert bool(set(letters[one]) & set(letters[other])) == ((one, other) not in different)
    # No letter tells only what another one tells too.
    members = {letter: {i for i in range(7) if letter in letters[i]} for letter in {x for own in letters for x in own}}
    assert not any(a < b for a in members.values() for b in members.values())
