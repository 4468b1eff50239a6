from __future__ import annotations

from pathlib import Path

import pytest

from erckit.errors import FormatError, SettingError
from erckit.readers import READERS, read_bytes, read_conversations

FIXTURES = Path(__file__).parent / "fixtures"
FILES = sorted(path for path in FIXTURES.iterdir() if path.is_file() and path.stem != "diarization")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_same_as_from_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FIXTURES)
    assert read_bytes(path.name, path.read_bytes()) == read_conversations(path.name)


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix != ".vtt"], ids=lambda path: path.name)
def test_found_by_content_under_any_name(path: Path) -> None:
    for name in ("pasted", "x.txt", ""):
        assert read_bytes(name, path.read_bytes()).format == read_conversations(path).format


def test_every_format_has_a_reader_that_can_be_imported() -> None:
    for name in READERS:
        with pytest.raises(FormatError):
            read_bytes("x", b" ", format=name)


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\temp\\talk.txt", "/a/b/talk.txt", "a\0b", ""])
def test_names_say_nothing_about_folders(name: str) -> None:
    (conversation,) = read_bytes(name, b"Ann: hi\nBob: yo").conversations
    assert conversation.id in ("passwd", "talk", "ab", "pasted")


def test_parquet_in_memory(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"speaker": ["Ann"], "text": ["hi"]}), path)
    assert read_bytes("upload", path.read_bytes()).conversations[0].utterances[0].text == "hi"


def test_options() -> None:
    chat = b"01.02.24, 10:00 - Ann: a\n01.02.24, 20:00 - Bob: b\n02.02.24, 07:00 - Ann: c"
    assert [c.id for c in read_bytes("x.txt", chat, gap_hours=10.5).conversations] == ["x-1", "x-2"]
    assert len(read_bytes("x.txt", chat, gap_hours=11).conversations) == 1
    assert len(read_bytes("x.txt", chat, gap_hours=1).conversations) == 3
    for options in ({"gap_hours": 0.0}, {"gap_hours": float("nan")}, {"date_order": "ydm"}, {"format": "whatsup"}):
        with pytest.raises(SettingError):
            read_bytes("x.txt", chat, **options)  # type: ignore[arg-type]


def test_bytes_that_are_nothing_known() -> None:
    with pytest.raises(FormatError, match=r"is no text.*Known: transcript, jsonl"):
        read_bytes("x.png", b"\x89PNG\r\n\x1a\n\0\0")
