from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.conversation import Conversation, LabelledConversation, Prediction, Utterance
from erckit.writers import format_table
from erckit.writers.display_width import cut_to_width, display_width


def test_table(labelled: LabelledConversation) -> None:
    assert format_table([labelled], 80).splitlines() == [
        "c1",
        'Ann   Really? "Yes", she said  joy  75 %',
        "李雷  \U0001f600 ok                    sad  67 %",
        "Ann                            -    50 %",
    ]


def test_long_texts_are_cut_to_the_width(labelled: LabelledConversation) -> None:
    utterance = Utterance("u", "An extremely long speaker name", "字" * 100)
    item = LabelledConversation(Conversation("c", (utterance,)), (Prediction("u", "joy", {"joy": 1.0}, True),))
    line = format_table([item], 60).splitlines()[1]
    assert "…  joy 100 %" in line
    assert 58 <= display_width(line) <= 60


def test_colour_only_when_asked_for(labelled: LabelledConversation) -> None:
    assert "\x1b" not in format_table([labelled], 80)
    assert format_table([labelled], 80, colour=True).count("\x1b[0m") == 3


def test_text_cannot_steer_the_terminal() -> None:
    utterance = Utterance("u", "A\x1b[2J", "x\x1b]0;t\x07\u202ey\nz")
    item = LabelledConversation(Conversation("c", (utterance,)), (Prediction("u", "joy", {"joy": 1.0}, True),))
    table = format_table([item], 80)
    assert table.count("\n") == 1
    assert not set("\x1b\x07\u202e") & set(table)


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("字", 2), ("\U0001f600", 2), ("e\u0301", 1), ("", 0)])
def test_display_width(text: str, width: int) -> None:
    assert display_width(text) == width


@given(st.text(max_size=40), st.integers(0, 30))
def test_cut_text_never_exceeds_the_width(text: str, width: int) -> None:
    cut = cut_to_width(text, width)
    assert display_width(cut) <= width
    assert cut == text or cut.endswith("…") or width == 0
