from __future__ import annotations

import json
from pathlib import Path

import pytest

from erckit.errors import FormatError
from erckit.readers import read_bytes, read_conversations

FIXTURES = Path(__file__).parents[1] / "fixtures"


def test_whisperx() -> None:
    report = read_conversations(FIXTURES / "whisperx.json")
    (conversation,) = report.conversations
    assert (conversation.id, conversation.meta) == ("whisperx", {"language": "en"})
    assert [(u.speaker, u.text, u.start, u.end) for u in conversation.utterances] == [
        ("SPEAKER_00", "Where were you last night?", 0.031, 2.5),
        ("SPEAKER_01", "At home, alone.", 2.7, 3.9),  # two of three words are theirs
        ("Unknown", "I do not believe you.", 5.0, None),  # it would end before it starts
        ("SPEAKER_01", "Fine. Believe it.", 6.0, 7.0),
    ]
    assert conversation.utterances[2].extra == {"end": 4.8}
    assert report.left_out == {"segments without text": 1}


def test_pyannote() -> None:
    (conversation,) = read_conversations(FIXTURES / "pyannote.json").conversations
    assert [(u.speaker, u.text) for u in conversation.utterances] == [
        ("SPEAKER_00", "You came back!"),
        ("SPEAKER_01", "Of course."),
    ]
    with pytest.raises(FormatError, match="who spoke when and not what"):
        read_conversations(FIXTURES / "diarization.json")


def test_words_alone_and_lists_of_segments() -> None:
    words = [
        {"word": "a", "start": 0, "end": 0.5, "speaker": "X"},
        {"word": "b", "start": 0.6, "end": 1, "speaker": "X"},
        {"word": "c", "start": 1.1, "end": 2, "speaker": "Y"},
        {"word": "d", "start": 9, "end": 10, "speaker": "Y"},
        {"word": ""},
    ]
    report = read_bytes("x.json", json.dumps({"word_segments": words}).encode())
    assert [(u.speaker, u.text, u.end) for u in report.conversations[0].utterances] == [
        ("X", "a b", 1.0),
        ("Y", "c", 2.0),
        ("Y", "d", 10.0),
    ]
    segments = [{"start": 1, "end": 2, "text": "hi", "speaker": "Ann"}, 7]
    report = read_bytes("x.json", json.dumps(segments).encode())
    assert (report.format, report.left_out) == ("whisper", {"entries that are no segments": 1})
