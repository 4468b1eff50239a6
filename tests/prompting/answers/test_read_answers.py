"""What is read in generated answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.errors import SettingError
from erckit.prompting.answers.read_answers import read_answers

LABELS = ("Happy", "Sad", "Unhappy")


@pytest.mark.parametrize(
    ("text", "exact", "contained", "closest"),
    [
        ("happy", "Happy", "Happy", "Happy"),
        (' "Sad."\n', "Sad", "Sad", "Sad"),
        ("The emotion is sad!", None, "Sad", "Sad"),
        ("happy or sad", None, None, "Happy"),
        ("unhappy", "Unhappy", "Unhappy", "Unhappy"),
        ("sadly", None, None, "Sad"),
        ("hapy", None, None, "Happy"),
        ("", None, None, "Sad"),
    ],
)
def test_reading(text: str, exact: str | None, contained: str | None, closest: str) -> None:
    assert read_answers([text], LABELS).labels == (exact,)
    assert read_answers([text], LABELS, "contained").labels == (contained,)
    assert read_answers([text], LABELS, "nearest").labels == (closest,)


def test_unparsed_rate() -> None:
    assert read_answers(["sad", "well", "", "Happy"], LABELS).unparsed_rate == 0.5
    assert read_answers([], LABELS).unparsed_rate == 0.0
    with pytest.raises(SettingError, match="Did you mean 'exact'"):
        read_answers([], LABELS, "exakt")


FEELINGS = ("happy", "Very happy", "joy", "sadness", "开心", "伤心")


@pytest.mark.parametrize(
    ("text", "contained", "closest"),
    [
        ("The speaker is very happy now.", "Very happy", "Very happy"),
        ("Very  happy.", "Very happy", "Very happy"),
        ("She is happy, very.", "happy", "happy"),
        ("sadness, not joy", None, "sadness"),
        ("not joy but sadness", None, "joy"),
        ("joy, joy, joy", "joy", "joy"),
        ("unhappy", None, "happy"),  # by its letters: no label stands in it
        ("joyful", None, "joy"),
        ("他很开心。", "开心", "开心"),
        ("he said 'joy'", "joy", "joy"),
    ],
)
def test_whole_phrases_the_longest_first(text: str, contained: str | None, closest: str) -> None:
    assert read_answers([text], FEELINGS, "contained").labels == (contained,)
    assert read_answers([text], FEELINGS, "nearest").labels == (closest,)


def test_no_label_stands_inside_a_word() -> None:
    # Letters inside "enjoyable" are no joy; "sadness" has fewer letters to change.
    assert read_answers(["enjoyable sadness"], ("joy", "sadness"), "nearest").labels == ("sadness",)
    assert read_answers(["I am unhappy, in pain"], ("happy", "pain"), "nearest").labels == ("pain",)


@given(st.lists(st.sampled_from(("joy", "sadness", "well", "I", "joyless", ",")), max_size=6))
def test_the_first_named_label_is_the_nearest(words: list[str]) -> None:
    named = [word for word in words if word in ("joy", "sadness")]
    text = f"I feel {' '.join(words)} today"
    if named:
        assert read_answers([text], ("sadness", "joy"), "nearest").labels == (named[0],)
    wanted = named[0] if len(set(named)) == 1 else None
    assert read_answers([text], ("sadness", "joy"), "contained").labels == (wanted,)
