from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from erckit.errors import FormatError
from erckit.readers import read_bytes, read_conversations

FIXTURES = Path(__file__).parents[1] / "fixtures"


def test_corpus() -> None:
    report = read_conversations(FIXTURES / "convokit")
    order = {c.id: [u.id for u in c.utterances] for c in report.conversations}
    assert order == {
        "L1": ["L1", "L2", "L3", "L4"],  # stands backwards in the file and has no times
        "b1": ["b1", "b3", "b4", "b2"],  # by time, but b4 answers b3
        "c1": ["c1", "c2", "c3"],
    }
    first = report.conversations[0]
    assert first.meta == {"place": "kitchen"}
    assert [(u.speaker, u.extra.get("speaker_name")) for u in first.utterances[:2]] == [("u0", "VERA"), ("u1", "NILS")]
    assert first.utterances[3].extra == {"tone": "flat", "speaker_name": "NILS", "reply_to": "L3"}
    assert report.conversations[1].utterances[0].start == 10
    assert [(s.line, s.what) for s in report.skipped] == [(12, "utterance")]
    assert {note.split(":")[0] for note in report.notes} == {
        "answers to an utterance that is not there",
        "answers that go round in a circle, opened where they stand first",
    }


def test_one_file_and_folder_below(tmp_path: Path) -> None:
    report = read_conversations(FIXTURES / "convokit" / "utterances.jsonl")
    assert (report.format, len(report.conversations)) == ("convokit", 3)
    shutil.copytree(FIXTURES / "convokit", tmp_path / "zip" / "my-corpus")
    assert len(read_conversations(tmp_path / "zip").conversations) == 3


def test_rows_of_utterances_as_a_stream_takes_them() -> None:
    rows = [{"conversation": "a", "speaker": "Ann", "text": "x"}, {"conversation": "b", "speaker": "Bob", "text": "y"}]
    report = read_bytes("x.jsonl", "\n".join(map(json.dumps, rows)).encode())
    assert [(c.id, c.utterances[0].speaker) for c in report.conversations] == [("a", "Ann"), ("b", "Bob")]
    old = {"id": "1", "root": "1", "user": {"id": "u", "name": "U"}, "text": "z", "timestamp": "5"}
    (conversation,) = read_bytes("x.json", json.dumps([old]).encode()).conversations
    assert (conversation.id, conversation.utterances[0].speaker, conversation.utterances[0].start) == ("1", "u", 5.0)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"no 'utterances\.jsonl'"):
        read_conversations(FIXTURES / "slack", format="convokit")
    (tmp_path / "utterances.jsonl").write_text('{"id": "1", "conversation_id": "1", "text": 5}\n')
    with pytest.raises(FormatError, match="it has no 'text'"):
        read_conversations(tmp_path)
