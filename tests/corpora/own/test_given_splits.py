"""A column of splits is taken whole or refused; it is never dropped because of one bad cell."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from erckit.corpora.own.own_corpus import load_own_corpus
from erckit.errors import CorpusError

_GIVEN = ["train"] * 12 + ["valid"] * 4 + ["Test"] * 4


def table(path: Path, splits: list[str], column: str = "split") -> Path:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["conversation", "speaker", "text", "emotion", column])
        for number, split in enumerate(splits):
            writer.writerow([f"call-{number}", "Ann", f"words\nof {number}", ("calm", "glad")[number % 2], split])
    return path


def lines(path: Path, splits: list[str | None]) -> Path:
    def line(number: int, split: str | None) -> str:
        utterance = {"speaker": "Ann", "text": f"words {number}", "emotion": ("calm", "glad")[number % 2]}
        given = {} if split is None else {"split": split}
        return json.dumps({"id": f"call-{number}", "utterances": [{**utterance, **given}]})

    path.write_text("\n".join(line(n, split) for n, split in enumerate(splits)) + "\n")
    return path


@pytest.mark.parametrize("column", ["split", "Split"])
def test_the_column_gives_the_splits(tmp_path: Path, column: str) -> None:
    corpus = load_own_corpus(table(tmp_path / "a.csv", _GIVEN, column))
    assert {split: len(found) for split, found in corpus.splits.items()} == {"train": 12, "dev": 4, "test": 4}
    assert "splits as given" in corpus.version


def test_a_mistyped_split_is_refused_with_its_line(tmp_path: Path) -> None:
    bad = [*_GIVEN[:-1], "tset"]
    # Each row takes two lines, as its text holds a line break.
    with pytest.raises(CorpusError, match=r"a\.csv:40: conversation 'call-19' has the split 'tset'.*'test'\?"):
        load_own_corpus(table(tmp_path / "a.csv", bad))
    with pytest.raises(CorpusError, match=r"b\.jsonl:20: conversation 'call-19' has the split 'tset'"):
        load_own_corpus(lines(tmp_path / "b.jsonl", list(bad)))


def test_an_empty_split_among_others_is_refused_with_its_line(tmp_path: Path) -> None:
    bad = [*_GIVEN[:2], "", *_GIVEN[3:]]
    with pytest.raises(CorpusError, match=r"a\.csv:6: conversation 'call-2' has an utterance without a split"):
        load_own_corpus(table(tmp_path / "a.csv", bad))
    with pytest.raises(CorpusError, match=r"b\.jsonl:3: conversation 'call-2' has an utterance without a split"):
        load_own_corpus(lines(tmp_path / "b.jsonl", [*_GIVEN[:2], None, *_GIVEN[3:]]))


def test_a_column_that_names_no_split_means_something_else(tmp_path: Path) -> None:
    corpus = load_own_corpus(table(tmp_path / "a.csv", ["left", "right"] * 15))
    assert "by conversation, seed 0" in corpus.version
