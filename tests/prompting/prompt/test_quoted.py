"""Other people's words and names in a prompt."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.prompting.prompt.quoted import plain_name, plain_names, quoted


@given(st.lists(st.text(alphabet='Ana:"#\n 2', max_size=50), max_size=8))
def test_two_speakers_never_share_a_name(speakers: list[str]) -> None:
    names = plain_names(speakers)
    assert len({*zip(speakers, names, strict=True)}) == len(set(speakers)) == len(set(names))
    assert all(0 < len(name) <= 40 for name in names)
    # A name depends on nothing said after it.
    for t in range(len(speakers)):
        assert plain_names(speakers[: t + 1]) == names[: t + 1]


def test_who_takes_anothers_name_gets_a_number() -> None:
    assert plain_names(["Ana", 'Ana"', "Ben", "Ana", "Ana\n", "Ana 2"]) == (
        "Ana",
        "Ana 2",
        "Ben",
        "Ana",
        "Ana 3",
        "Ana 2 2",
    )
    long = "x" * 60
    assert plain_names([long, long + "y"]) == ("x" * 40, "x" * 38 + " 2")


@pytest.mark.parametrize(
    "name", ["Emotion", "emotions:", "Emotion of Ana", "About Ana", "Example", "Lately Ana said", "Line"]
)
def test_a_name_is_no_heading(name: str) -> None:
    assert plain_name(name) == f"Speaker {name.rstrip(':')}"


@pytest.mark.parametrize(
    "name", ["Emo", "Aboutaleb", "Speaker 1", "SPEAKER_00", "user", "Linea", "Emotional Em", "Ana"]
)
def test_ordinary_names_stay(name: str) -> None:
    assert plain_name(name) == name


@given(st.text(alphabet='#"<> a\n', max_size=60))
def test_text_closes_no_fence(text: str) -> None:
    assert "###" not in quoted(text)
    assert quoted(text).count('"') == 2


def test_number_signs_below_three_stay() -> None:
    assert quoted("## two # one #### many") == '"## two # one ## many"'


@given(st.text())
def test_normalising_the_prompt_opens_no_quote(text: str) -> None:
    # Some tokenizers fold wide letters into narrow ones.
    import unicodedata

    assert re.fullmatch('"[^"\n]*"', unicodedata.normalize("NFKC", quoted(text)))
    assert ":" not in unicodedata.normalize("NFKC", plain_name(text))


def test_text_without_spaces_is_cut_too() -> None:
    cut = quoted("\u6211" * 5000, 12)
    assert cut == '"' + "\u6211" * 144 + ' ..."'
    assert quoted("one two three", 2) == '"one two ..."'
    assert quoted("one two", 2) == '"one two"'
    assert quoted("\u6211" * 5000) == '"' + "\u6211" * 5000 + '"'


def test_a_non_joiner_stays_inside_a_word() -> None:
    assert (
        quoted("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")
        == '"\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"'
    )
    assert quoted("\u0915\u094d\u200c\u0937") == '"\u0915\u094d\u200c\u0937"'  # after a mark
    assert quoted("a \u200c b\u200c") == '"a b"'
