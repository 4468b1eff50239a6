from __future__ import annotations

import pytest

from erckit.corpora.formats.detokenise import detokenise
from erckit.corpora.formats.split_by_words import split_by_words, words_id


@pytest.mark.parametrize(
    ("published", "text"),
    [
        ("Isn 't  it ? I 'LL say , yes ...", "Isn't it? I'LL say, yes..."),
        ("Go ( now ) , at 5 % : [ so ]", "Go (now), at 5%: [so]"),
        ("A good - bye . - No .", "A good-bye. - No."),
        ("Here  - or there", "Here - or there"),
        ("I run 'cause I 'd be \" late \" , o 'clock", "I run 'cause I'd be \" late \", o 'clock"),
        (" \t", ""),
    ],
)
def test_a_text_is_put_together(published: str, text: str) -> None:
    assert detokenise(published) == text


def test_the_same_words_have_one_id_and_one_split() -> None:
    assert words_id("x", "Isn't it, Bob?") == words_id("x", "isn t it bob") != words_id("x", "isn it bob")
    assert words_id("x", "\ud800 a").startswith("x_")
    splits = [split_by_words(words_id("x", str(number))) for number in range(2000)]
    assert splits.count("train") == pytest.approx(1600, abs=80)
    assert splits.count("dev") == pytest.approx(200, abs=60)
    assert splits.count("train") + splits.count("dev") + splits.count("test") == 2000
