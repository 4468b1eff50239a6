from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.conversation import Conversation
from erckit.readers.formats.transcript import TranscriptReader
from erckit.readers.source import Source


def read(text: str) -> list[Conversation]:
    return TranscriptReader().read(Source(Path("chat.txt"), text)).conversations


def said(text: str) -> list[tuple[str, str]]:
    return [(u.speaker, u.text) for conversation in read(text) for u in conversation.utterances]


def test_blank_line_separates_conversations() -> None:
    conversations = read("Ann: hi\nBob: yo\n\n \nAnn: bye\n")
    assert [c.id for c in conversations] == ["chat-1", "chat-2"]
    assert [len(c) for c in conversations] == [2, 1]


def test_line_without_speaker_continues_the_utterance() -> None:
    assert said("Ann: one\ntwo\n  three\nBob:\nfour") == [("Ann", "one two three"), ("Bob", "four")]


@pytest.mark.parametrize(
    "line",
    [
        "https://example.org is it",
        "http: //x",
        "12:30 we go",
        "at 12:30 we go",
        "\U0001f600: smile",
        "Smile:)",
        "and then he said: no",
        "Really? I thought: no",
        "Well, you know: no",
        ": nothing in front",
        "x" * 61 + ": too long for a name",
    ],
)
def test_what_is_no_speaker(line: str) -> None:
    assert said(f"Ann: hi\n{line}") == [("Ann", f"hi {line}")]


@pytest.mark.parametrize(
    "name",
    ["Ann", "ann", "SPEAKER_00", "Speaker 1", "#ALL#", "Dr. Franzblau", "Jean-Claude Van Damme", "Ludwig van Beethoven",
     "Joey (on the phone)", "李雷", "Fireman No. 3", "J.", "O'Neil", "Ann \U0001f600"],
)  # fmt: skip
def test_what_is_a_speaker(name: str) -> None:
    assert said(f"{name}: hi: you\nBob : yo") == [(name, "hi: you"), ("Bob", "yo")]


def test_full_width_colon() -> None:
    assert said("李雷：你好\n韩梅梅：嗨") == [("李雷", "你好"), ("韩梅梅", "嗨")]


def test_colon_without_a_space_only_where_none_has_one() -> None:
    assert said("A:hi\nB:yo") == [("A", "hi"), ("B", "yo")]
    assert said("A: hi\nB:yo") == [("A", "hi B:yo")]


def test_leading_times() -> None:
    lines = "[00:01:02] Ann: a\n(01:05) Ann: b\n1:00:00.5 Ann: c\n[00:01 --> 00:02] Ann: d\n[00:09] no name"
    (conversation,) = read(lines)
    assert [(u.start, u.end, u.text) for u in conversation.utterances] == [
        (62.0, None, "a"),
        (65.0, None, "b"),
        (3600.5, None, "c"),
        (1.0, 2.0, "d [00:09] no name"),
    ]


def test_text_before_the_first_speaker_is_by_unknown() -> None:
    assert said("intro\nmore\nAnn: hi") == [("Unknown", "intro more"), ("Ann", "hi")]


def test_file_without_speakers_keeps_its_lines_apart() -> None:
    assert said("one\ntwo\n\nthree") == [("Unknown", "one"), ("Unknown", "two"), ("Unknown", "three")]


def test_utterances_that_all_stand_alone_are_one_conversation() -> None:
    (conversation,) = read("Ann: a\n\nBob: b\n\nAnn: c\n\nBob: d\n")
    assert len(conversation) == 4
    assert len(read("Ann: a\n\nBob: b\n")) == 2


def test_large_inputs() -> None:
    assert len(read("\n".join(f"Ann: {i}" for i in range(5000)))[0]) == 5000
    million = "a " * 500_000
    assert said(f"Ann: {million}\n{' ' * 1_000_000}x\nBob: hi") == [("Ann", f"{million}x"), ("Bob", "hi")]


def test_lone_speaker_and_emoji() -> None:
    assert said("Ann: \U0001f62d\U0001f62d") == [("Ann", "\U0001f62d\U0001f62d")]


WORD = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=8)
TEXT = st.lists(WORD, min_size=1, max_size=6).map(" ".join)


@given(st.lists(st.tuples(st.sampled_from(["Ann", "Bob", "Speaker 1"]), TEXT), min_size=1, max_size=12))
def test_every_line_with_a_speaker_becomes_an_utterance(lines: list[tuple[str, str]]) -> None:
    text = "\n".join(f"{speaker}: {text}" for speaker, text in lines)
    assert said(text) == [(speaker, text.strip()) for speaker, text in lines]


@given(
    st.lists(st.one_of(st.just(""), TEXT, TEXT.map("Ann: ".__add__), TEXT.map("[00:01] Bob: ".__add__)), max_size=12)
)
def test_no_word_is_ever_lost(lines: list[str]) -> None:
    """Speakers, times, and texts together hold every character that stands in the file, in its order."""
    parsed = TranscriptReader().read(Source(Path("chat.txt"), "\n".join(lines)))
    kept = "".join(f"{u.speaker}{u.text}" for c in parsed.conversations for u in c.utterances)
    kept = kept.replace("Unknown", "")
    wanted = "".join(lines)
    for filler in ("[00:01]", "Unknown", ":", "\uff1a", " "):
        kept, wanted = kept.replace(filler, ""), wanted.replace(filler, "")
    assert "".join(kept.split()) == "".join(wanted.split())
    assert not parsed.skipped
