from __future__ import annotations

import builtins
import csv
import datetime
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from erckit.errors import FormatError
from erckit.readers import READERS, read_bytes, read_conversations
from erckit.readers.folder_tree import ReadLimits

pa = pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'erckit[parquet]'")
pq = pytest.importorskip("pyarrow.parquet")

ROWS = [
    {"Dialogue_ID": "d1", "Speaker": "Ann", "Utterance": "hi,\nyou", "Emotion": "joy", "n": "1"},
    {"Dialogue_ID": "d1", "Speaker": "Bob", "Utterance": " yo ", "Emotion": "", "n": "2"},
    {"Dialogue_ID": "d2", "Speaker": "", "Utterance": "caf\u00e9", "Emotion": "anger", "n": ""},
]


def write(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_same_as_a_csv_of_the_same_table(tmp_path: Path) -> None:
    with open(tmp_path / "x.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)
    path = write(tmp_path / "x.parquet", **{key: [row[key] or None for row in ROWS] for key in ROWS[0]})
    report, expected = read_conversations(path), read_conversations(tmp_path / "x.csv")
    assert report.conversations == expected.conversations
    assert report.notes == expected.notes
    assert (report.format, "parquet" in READERS) == ("parquet", True)


def test_values_of_other_types(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.pq",
        conversation=[0, 0, 7],
        text=["a", "b", "c"],
        start=[0.5, 1.0, None],
        day=[datetime.date(2024, 1, 2)] * 3,
        label=[1, 2, None],
    )
    conversations = read_conversations(path, columns={"conversation": "conversation"}).conversations
    assert [c.id for c in conversations] == ["0", "7"]
    first = conversations[0].utterances[0]
    assert (first.label, first.start, first.extra) == ("1", 0.5, {"day": "2024-01-02"})
    assert conversations[1].utterances[0].label is None


def test_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "x.parquet", text=[1, 2])
    with pytest.raises(FormatError, match=r"x\.parquet:1: .*has int 1 as its text"):
        read_conversations(path)
    path = write(path, said=["a"])
    with pytest.raises(FormatError, match="no column that is known to hold the text"):
        read_conversations(path)
    path.write_bytes(b"PAR1 nothing")
    with pytest.raises(FormatError, match="cannot be read as Parquet"):
        read_conversations(path)
    with pytest.raises(FormatError, match="no such file"):
        read_conversations(tmp_path / "y.parquet")
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(FormatError, match=r"pip install 'erckit\[parquet\]'"):
        read_conversations(path)


LARGE = ReadLimits(file_bytes=10**6, entries=100_000)


@pytest.mark.parametrize(
    "columns",
    [
        {"speaker": ["A"] * 1000, "text": ["x" * 100_000] * 1000},  # one text, stored once
        {"speaker": ["A"] * 300_000, "text": ["hello"] * 300_000},
        {"speaker": ["A"], "text": ["x" * 5_000_000]},
    ],
    ids=["one text", "many rows", "long"],
)
def test_a_few_bytes_do_not_become_many(tmp_path: Path, columns: dict[str, Any]) -> None:
    data = write(tmp_path / "x.parquet", **columns).read_bytes()
    assert len(data) < 6000 or len(columns["text"]) == 1
    tracemalloc.start()
    with pytest.raises(FormatError, match="unpacks to more than 1,000,000 bytes or 100,000 cells"):
        read_bytes("x.parquet", data, limits=LARGE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    path = write(tmp_path / "x.parquet", speaker=["A"], text=["hello"])
    path.write_bytes(path.read_bytes().replace(b"hello", b"hel\xff\xfe"))
    with pytest.raises(FormatError, match="cannot be read as Parquet"):
        read_conversations(path)
