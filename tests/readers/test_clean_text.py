from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from erckit.readers.clean_text import clean_text, well_formed


def test_the_rule() -> None:
    assert clean_text("\x92s\x80 a\tb\r\nc\x00\x7f\x1b ") == "\u2019s\u20ac a b  c"
    assert (
        clean_text("\u201cquoted\u201d \U0001f468\u200d\U0001f469 e\u0301")
        == "\u201cquoted\u201d \U0001f468\u200d\U0001f469 e\u0301"
    )
    assert clean_text("\ud83d") == "\ufffd"


@given(st.text())
def test_no_control_character_or_surrogate_is_left_and_a_second_time_changes_nothing(text: str) -> None:
    cleaned = clean_text(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in cleaned)
    assert clean_text(cleaned) == cleaned


def test_halves_of_pairs_are_replaced_wherever_they_stand() -> None:
    value = {"a\ud800": ["\udfffb", 1, None, {"c": "\U0001f600"}]}
    assert well_formed(value) == {"a\ufffd": ["\ufffdb", 1, None, {"c": "\U0001f600"}]}
