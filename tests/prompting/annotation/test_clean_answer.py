"""What counts as an answer."""

from __future__ import annotations

import pytest

from erckit.prompting.annotation.biography_request import clean_biography, clean_characteristic


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("to comfort her", "to comfort her"),
        ("- to comfort her\n- to leave", "to comfort her"),
        ("1. to comfort her", "to comfort her"),
        ('"to comfort her"', "to comfort her"),
        ("<think>What could it be?\nHm.</think>\n\nto comfort her", "to comfort her"),
        ("<think>cut off in the middle", ""),
        ("...", ""),
        ("", ""),
        ("no no no no no no no no no no no no no no", ""),
        ("彼女を慰めるためだと思います", "彼女を慰めるためだと思います"),
    ],
)
def test_characteristic(answer: str, wanted: str) -> None:
    assert clean_characteristic(answer) == wanted


def test_a_characteristic_is_short() -> None:
    assert len(clean_characteristic(" ".join(f"word{i}" for i in range(99))).split()) == 21  # 20 and "..."


def test_a_biography_ends_with_a_sentence_where_it_can() -> None:
    text = "Ana works at night. She is tired of it. She would rather paint than anything else in the world."
    assert clean_biography(text, 100) == text
    assert clean_biography(text, 12) == "Ana works at night. She is tired of it."
    assert clean_biography("Ana " + "and so on " * 3 + "with variety each time", 6).endswith("...")
    assert clean_biography("One line.\n\nAnother  line.", 60) == "One line. Another line."


def test_a_biography_that_the_token_limit_cut() -> None:
    text = "Ana works at night. She is tired of it. She would rather pai"
    assert clean_biography(text, 60, is_cut=True) == "Ana works at night. She is tired of it."
    assert clean_biography("Ana works at night and she is", 60, is_cut=True) == "Ana works at night and she is ..."
    assert clean_biography("", 60, is_cut=True) == ""


@pytest.mark.parametrize("answer", ["", "Ana", "?? !! --", "she is " * 20])
def test_no_biography(answer: str) -> None:
    assert clean_biography(answer, 60) == ""
