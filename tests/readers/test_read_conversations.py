from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erckit.errors import FormatError, SettingError
from erckit.labels import LabelSet
from erckit.readers import READERS, ReadReport, read_conversations

GOOD = '{"id": "c", "utterances": [{"speaker": "Ann", "text": "hi"}]}'


def read(tmp_path: Path, content: str | bytes, name: str = "chat.txt", **arguments: Any) -> ReadReport:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_conversations(path, **arguments)


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("a.jsonl", GOOD, "jsonl"),
        ("a.json", json.dumps(json.loads(GOOD), indent=2), "jsonl"),
        ("a.json", f"[{GOOD},\n{GOOD}]", "jsonl"),
        ("a.txt", GOOD, "jsonl"),
        ("a", f"[{GOOD}]", "jsonl"),
        ("a.csv", "speaker,text\nAnn,hi", "csv"),
        ("a.TSV", "speaker\ttext\nAnn\thi", "csv"),
        ("a.txt", "speaker;text\nAnn;hi", "csv"),
        ("a.txt", "Ann: hi", "transcript"),
        ("a.log", "[00:01:02] Ann: hi", "transcript"),
        ("a.txt", "Text, time. Speaker: hi\nAnn: hi", "transcript"),
    ],
)
def test_format_is_detected(tmp_path: Path, name: str, content: str, format: str) -> None:
    report = read(tmp_path, content, name)
    assert report.format == format
    assert report.conversations[0].utterances[-1].text == "hi"


def test_named_format_wins(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD, "a.csv", format="jsonl").format == "jsonl"
    with pytest.raises(SettingError, match="Did you mean 'jsonl'"):
        read(tmp_path, GOOD, format="jsnl")


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("Ann: café".encode("utf-8-sig"), None),
        ("Ann: café".encode("utf-16"), None),
        ("\ufeffAnn: café".encode("utf-16-be"), None),
        ("Ann: café".encode("utf-32"), None),
        ("Ann: café".encode("cp1252"), "cp1252"),
        ("Ann: café\r\n".encode(), None),
    ],
)
def test_encodings(tmp_path: Path, content: bytes, encoding: str | None) -> None:
    utterance = read(tmp_path, content, encoding=encoding).conversations[0].utterances[0]
    assert (utterance.speaker, utterance.text) == ("Ann", "café")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\0\n", "is empty"),
        (b"\r\r\0\r\0\0", "is empty"),  # found by benchmarks/fuzz_readers.py
        (b"\xef\xbb\xbf\xef\xbb\xbf \n", "is empty"),
        (b"Ann: hi\nBob: caf\xe9\n", r"chat\.txt:2: byte 0xe9 at offset 16 is not utf-8.*iconv.*--encoding"),
        (b"\xff\xfea", "not utf-16|middle of a utf-16"),
        (b"PK\x03\x04rest", "zip archive"),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read(tmp_path, content)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        read_conversations(tmp_path / "x")
    with pytest.raises(FormatError, match="is a folder"):
        read_conversations(tmp_path)
    with pytest.raises(FormatError, match="no known text encoding"):
        read(tmp_path, "Ann: hi", encoding="zlib")
    with pytest.raises(FormatError):
        read_conversations(Path("a\0b"))


def test_bad_lines_are_skipped_counted_and_written_beside(tmp_path: Path) -> None:
    content = f'{GOOD}\nbroken\n\n{{"id": "d", "utterances": []}}\n{GOOD}'
    report = read(tmp_path, content, "chat.jsonl", skipped=tmp_path)
    assert [c.id for c in report.conversations] == ["c", "c#2"]
    assert report.skipped_path == tmp_path / "chat.skipped.jsonl"
    rows = [json.loads(line) for line in report.skipped_path.read_text().splitlines()]
    assert [(row["line"], row["conversation"], row["raw"]) for row in rows] == [
        (2, None, "broken"),
        (4, "d", '{"id": "d", "utterances": []}'),
    ]
    assert "not JSON" in rows[0]["reason"]
    assert (
        report.line()
        == f"read 2 utterances in 2 conversations, 1 speaker, skipped 2 conversations (see {report.skipped_path})"
    )
    assert any("made unique" in note for note in report.notes)


def test_no_side_file_without_need_or_when_not_asked_for(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD, "a.jsonl", skipped=tmp_path / "s.jsonl").skipped_path is None
    assert read(tmp_path, f"{GOOD}\nx", "a.jsonl").skipped_path is None
    assert [p.name for p in tmp_path.iterdir()] == ["a.jsonl"]


def test_file_without_a_good_conversation_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"a\.jsonl:1: none of its 2 conversations can be read; the first: it has no"):
        read(tmp_path, '{"utterances": []}\n{"utterances": []}', "a.jsonl", skipped=tmp_path / "s.jsonl")
    with pytest.raises(FormatError, match="line 3, column"):
        read(tmp_path, '[\n{"utterances":\n,[]}]', "a.json")
    with pytest.raises(FormatError, match=r"a\.jsonl:1: "):
        read(tmp_path, "[" * 100_000, "a.jsonl")


def test_unknown_label_skips_its_conversation(tmp_path: Path) -> None:
    labels = LabelSet(("joyful", "sad"))
    content = "conversation,speaker,text,emotion\n1,Ann,a,joyful\n2,Ann,b,sadd\n"
    report = read(tmp_path, content, "a.csv", label_set=labels)
    assert [c.id for c in report.conversations] == ["1"]
    assert "'sadd', which the label set lacks (did you mean 'sad'?)" in report.skipped[0].reason


def test_control_characters_are_dropped_and_noted(tmp_path: Path) -> None:
    report = read(tmp_path, "Ann: a\0b\x1b[31m\x92s\nBob: ok")
    assert report.conversations[0].utterances[0].text == "ab[31m\u2019s"
    assert any("control characters" in note and note.endswith(": 1.") for note in report.notes)


def test_thousands_of_equal_ids_stay_quick(tmp_path: Path) -> None:
    report = read(tmp_path, "\n".join([GOOD] * 5000), "a.jsonl")
    assert len({c.id for c in report.conversations}) == 5000


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PIECES = st.sampled_from(
    ['{"id":', '"utterances":', "[", "]", "{", "}", '"text":', '"a"', ",", "\n", ":", "speaker", "text", "\t", ";", '"',
     "Ann: ", "[00:01]", "\0", "\ufeff", "\u2028", "NaN", "1e999", '"\\ud800"', "null", "12:30", "\U0001f600", " ", "é"]
)  # fmt: skip


@FUZZ
@given(content=st.binary(max_size=300) | st.lists(PIECES, max_size=30).map(lambda p: "".join(p).encode()),
       name=st.sampled_from(["a.txt", "a.csv", "a.tsv", "a.jsonl", "a.json", "a"]),
       format=st.sampled_from([None, *READERS]))  # fmt: skip
def test_only_format_errors_escape(tmp_path: Path, content: bytes, name: str, format: str | None) -> None:
    try:
        report = read(tmp_path, content, name, format=format, skipped=tmp_path / "skipped.jsonl")
    except FormatError as error:
        assert str(tmp_path / name) in str(error)  # noqa: PT017
        return
    assert report.conversations
    for conversation in report.conversations:
        for utterance in conversation.utterances:
            (utterance.text + utterance.speaker + utterance.id).encode()
            assert utterance.speaker


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "text", "speaker", "utterances", "label", "start", "meta", "x"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@FUZZ
@given(values=st.lists(VALUE, min_size=1, max_size=5))
def test_every_json_line_is_read_or_skipped(tmp_path: Path, values: list[Any]) -> None:
    lines = [GOOD, *map(json.dumps, values)]
    report = read(tmp_path, "\n".join(lines), "a.jsonl")
    assert len(report.conversations) + len(report.skipped) == len(lines)
