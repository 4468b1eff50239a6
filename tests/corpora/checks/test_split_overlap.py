"""Splits that say the same are found under whatever ids, refused when most is shared, and named when some is."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from erckit.cli.main import main
from erckit.corpora import Corpus, load_corpus
from erckit.corpora.checks.split_overlap import split_overlaps
from erckit.errors import CorpusError


def _write(path: Path, numbers: list[int]) -> None:
    """Single comments without any id."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows([f"Words of {number}!", ("glad", "calm")[number % 2]] for number in numbers)


def _folder(path: Path, test: list[int]) -> Path:
    path.mkdir()
    _write(path / "train.csv", list(range(20)))
    _write(path / "dev.csv", list(range(20, 30)))
    _write(path / "test.csv", test)
    return path


def test_a_test_split_that_is_train_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        CorpusError, match=r"test\.csv: 10 of 10 conversations of 'test' are verbatim in 'train'.*train\.csv"
    ):
        load_corpus(str(_folder(tmp_path / "a", list(range(10)))))
    with pytest.raises(CorpusError, match="6 of 10 conversations of 'test' are verbatim in 'dev'"):
        load_corpus(str(_folder(tmp_path / "b", [*range(20, 26), *range(40, 44)])))


def test_less_than_half_is_told_and_can_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _folder(tmp_path / "calls", [0, 1, *range(40, 48)])
    command = ["evaluate", "baseline/majority", "--corpus", str(folder), "--draws", "100", "-q"]
    assert main([*command, "--out", str(tmp_path / "o")]) in (0, None)
    error = capsys.readouterr().err
    assert "2 of 10 conversations of 'test' are verbatim in 'train' (such as 'test-1', there 'train-1')" in error
    assert "--split test-dedup" in error
    assert main([*command, "--split", "test-dedup", "--out", str(tmp_path / "p")]) in (0, None)
    assert "verbatim" not in capsys.readouterr().err


def test_a_published_file_under_two_names_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
    for split, said in (("train", "so"), ("dev", "well"), ("test", "well")):
        rows = (
            f'{n},{said} number {n},Ann,{("joy", "anger")[n % 2]},neutral,{n},0,1,1,"00:05:00,500","00:05:02,000"\n'
            for n in range(6)
        )
        (tmp_path / f"{split}_sent_emo.csv").write_text(header + "".join(rows))
    command = ["evaluate", "baseline/majority", "--corpus", "meld", "--from", str(tmp_path), "--draws", "100", "-q"]
    assert main([*command, "--out", str(tmp_path / "o")]) in (0, None)
    error = capsys.readouterr().err
    assert "6 of 6 conversations of 'test' are verbatim in 'dev'" in error
    assert "Are the files what their names say?" in error


def test_counts_agree_with_a_naive_comparison(real: Callable[[str], Corpus]) -> None:
    corpus = real("dailydialog")

    def said(conversation: object) -> list[str]:
        texts = ["".join(ch for ch in u.text.casefold() if ch.isalnum()) for u in conversation.utterances]  # type: ignore[attr-defined]
        return texts

    train = {tuple(said(c)) for c in corpus.splits["train"]}
    found = {(o.split, o.other): o.copies for o in split_overlaps(corpus.splits)}
    assert found["test", "train"] == sum(tuple(said(c)) in train for c in corpus.splits["test"]) == 149
