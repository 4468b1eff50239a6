from __future__ import annotations

import csv
from pathlib import Path

import pytest

from erckit.conversation import Conversation
from erckit.corpora import load_corpus
from erckit.corpora.edos import LABEL_SET, read_edos
from erckit.errors import CorpusError

HEADER = (
    "Count", "Index", "DialogID", "Dialog", "Agreed emotion (2/3 vote)",
    "Worker 1 answer", "Worker 2 answer", "Worker 3 answer",
)  # fmt: skip


def write(folder: Path, *rows: tuple[str, ...]) -> Path:
    path = folder / "1. MTurk_groundtruth_labels_9K.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(HEADER)
        table.writerows((str(n), f"0.8-{n}", f"{n}00", *row) for n, row in enumerate(rows, start=1))
    return path


def read(folder: Path, *rows: tuple[str, ...]) -> list[Conversation]:
    splits = read_edos(write(folder, *rows), LABEL_SET)
    return sorted((c for split in splits.values() for c in split), key=lambda c: c.meta["dialog_id"])


def test_the_last_turn_has_the_label(tmp_path: Path) -> None:
    agreed, apart, other = read(
        tmp_path,
        ("You 're late !\n\nI know , I know .\nOh", "Annoyed", "Annoyed", "Sad", "Annoyed"),
        ("Hm .", "-", "Sad", "Afraid", "Neutral"),
        ("So ?", "Annoyed (Other)", "Annoyed (Other)", "Annoyed (Other)", "Sad"),
    )
    assert [(u.speaker, u.text, u.label) for u in agreed.utterances] == [
        ("A", "You're late!", None),
        ("B", "I know, I know.", None),
        ("A", "Oh", "annoyed"),
    ]
    assert agreed.utterances[0].id == f"{agreed.id}_u1"
    assert agreed.utterances[2].extra == {"votes": ["annoyed", "sad", "annoyed"]}
    assert (apart.utterances[0].label, apart.utterances[0].extra["votes"]) == (None, ["sad", "afraid", "neutral"])
    assert other.utterances[0].label == "annoyed"


def test_turns_of_the_same_words_share_a_split(tmp_path: Path) -> None:
    votes = ("Sad", "Sad", "Sad", "Sad")
    path = write(tmp_path, ("Why ?\nOh no .", *votes), ("Oh , no !", *votes), ("OH NO", *votes))
    ids = [[c.id for c in split] for split in read_edos(path, LABEL_SET).values() if split]
    assert len(ids) == 1
    first = ids[0][0]
    assert ids[0] == [first, f"{first}_2", f"{first}_3"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("Hi .", "Bored", "Sad", "Sad", "Sad"), "has the label 'bored', which the label set lacks"),
        ((" ", "Sad", "Sad", "Sad", "Sad"), "IndexError"),
        (("Hi .", "Sad"), "AttributeError"),
    ],
)
def test_a_row_of_another_shape(tmp_path: Path, row: tuple[str, ...], told: str) -> None:
    write(tmp_path, ("Hi .", "Sad", "Sad", "Sad", "Sad"), row)
    with pytest.raises(CorpusError, match=rf"labels_9K\.csv: row 2 is not as published \(.*{told}"):
        load_corpus("edos", tmp_path)


def test_another_table(tmp_path: Path) -> None:
    (tmp_path / "1. MTurk_groundtruth_labels_9K.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"row 1 is not as published \(KeyError: 'Dialog'"):
        load_corpus("edos", tmp_path)
