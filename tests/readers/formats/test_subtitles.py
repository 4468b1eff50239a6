from __future__ import annotations

from pathlib import Path

import pytest

from erckit.errors import FormatError
from erckit.readers import ReadReport, read_bytes, read_conversations

FIXTURES = Path(__file__).parents[1] / "fixtures"


def said(report: ReadReport) -> list[tuple[str, str, float | None, float | None]]:
    return [(u.speaker, u.text, u.start, u.end) for u in report.conversations[0].utterances]


def read(text: str, name: str = "a.vtt") -> ReadReport:
    return read_bytes(name, text.encode())


def test_teams() -> None:
    report = read_conversations(FIXTURES / "teams.vtt")
    assert report.format == "webvtt"
    assert said(report) == [
        ("Aoife Byrne", "I do not want to move the deadline. We agreed on Friday & that was it.", 3.2, 6.9),
        ("Mateo Ruiz", "That is not what I heard!", 8.0, 10.5),
        ("Aoife Byrne", "Mateo...", 8.0, 10.5),
        ("Unknown", "No voice here", 3603.0, 3604.0),
    ]
    assert report.conversations[0].utterances[0].id.endswith("/12-0")
    assert sorted(report.left_out) == ["notes, styles and regions of the subtitles", "subtitles without text"]


def test_zoom() -> None:
    report = read_conversations(FIXTURES / "zoom.vtt")
    assert said(report) == [
        ("Grace Lin", "Can everyone hear me?", 1.0, 3.0),
        ("Yusuf", "Yes, and I have good news: we won the bid", 3.5, 7.0),
        ("Yusuf", "at 10:30, I mean", 12.0, 13.0),
        ("Grace Lin", "Wonderful!", 15.0, 16.5),
    ]
    assert [u.id for u in report.conversations[0].utterances] == ["1", "2", "4", "6"]
    assert any("said by the speaker before: 1" in note for note in report.notes)


def test_srt() -> None:
    report = read_conversations(FIXTURES / "film.srt")
    assert report.format == "srt"
    assert said(report) == [
        ("ANNA", "I waited for you for an hour, in the rain.", 1.0, 4.0),
        ("PETER", "I know. I am sorry.", 6.0, 7.0),
        ("Unknown", "What now?", 7.2, 8.0),
        ("PETER", "Unclosed to the end", 59.0, 60.0),
    ]


def test_rolling_captions_are_read_once() -> None:
    assert said(read_conversations(FIXTURES / "rolling.vtt")) == [("Unknown", "we were so happy then", 0.0, 4.0)]


def cues(*lines: tuple[str, str, str]) -> str:
    return "WEBVTT\n\n" + "\n\n".join(f"{start} --> {end}\n{text}" for start, end, text in lines)


def test_cues_are_joined_only_while_a_sentence_goes_on() -> None:
    one = ("00:01.000", "00:02.000", "Ann: so I went")
    assert len(said(read(cues(one, ("00:02.100", "00:03.000", "Ann: home."))))) == 1
    assert len(said(read(cues(one, ("00:02.100", "00:03.000", "Bob: home."))))) == 2
    assert len(said(read(cues(one, ("00:09.000", "00:10.000", "Ann: home."))))) == 2
    ended = ("00:01.000", "00:02.000", "Ann: I went.")
    assert len(said(read(cues(ended, ("00:02.100", "00:03.000", "Ann: home."))))) == 2
    long = [(f"00:{i:02d}.000", f"00:{i:02d}.900", "Ann: " + "word " * 12) for i in range(40)]
    assert max(len(text) for _, text, _, _ in said(read(cues(*long)))) < 500


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("<v Ann>a</v><v Bob>b", [("Ann", "a"), ("Bob", "b")]),
        ("before <v Ann>a", [("Unknown", "before"), ("Ann", "a")]),
        ("<v Ann><c.yellow>x &lt; y</c> <00:00:01.500>z", [("Ann", "x < y z")]),
        ("<v Ann O'Neil-Şahin: PhD>a\nb", [("Ann O'Neil-Şahin: PhD", "a b")]),
        ("<v>a", [("Unknown", "a")]),
        ("- Yes.\n- No.", [("Unknown", "- Yes. - No.")]),
        ("Ann: a\nBob: b\nc", [("Ann", "a"), ("Bob", "b c")]),
        ("[SPEAKER_01]: a", [("SPEAKER_01", "a")]),
        ("5 < 6 <3", [("Unknown", "5 < 6 <3")]),
    ],
)
def test_voices(text: str, wanted: list[tuple[str, str]]) -> None:
    assert [(s, t) for s, t, _, _ in said(read(cues(("00:01.000", "00:02.000", text))))] == wanted


def test_found_by_content_whatever_the_extension() -> None:
    assert read("WEBVTT\n\n00:01.000 --> 00:02.000\nhi", "a.txt").format == "webvtt"
    assert read("1\n00:00:01,000 --> 00:00:02,000\nhi", "a.txt").format == "srt"
    assert read("00:01.000 --> 00:02.000\nhi", "a.vtt").format == "webvtt"


def test_blocks_that_are_no_cues_are_counted() -> None:
    report = read("WEBVTT\n\nSTYLE\n::cue {}\n\n00:01.000 --> 00:02.000\nhi\n\nlost text\n\n-5:00 --> x\nmore\n\n7\n")
    assert said(report) == [("Unknown", "hi", 1.0, 2.0)]
    assert report.left_out == {
        "notes, styles and regions of the subtitles": 1,
        "blocks of text without a time": 2,
        "subtitles without text": 1,
    }


def test_files_without_cues() -> None:
    with pytest.raises(FormatError, match="holds no cue"):
        read("WEBVTT\n\nhello")
    with pytest.raises(FormatError, match="no message with text"):
        read("WEBVTT\n\n00:01.000 --> 00:02.000\n\n")
