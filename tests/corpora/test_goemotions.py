from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from erckit.corpora import corpus_source, corpus_statistics, load_corpus
from erckit.errors import CorpusError

LINE = "Such a [NAME] thing!\t{}\tabc1\n"


def write(folder: Path, line: str) -> Path:
    for split in ("train", "dev", "test"):
        (folder / f"{split}.tsv").write_text(line.replace("abc", split), encoding="utf-8")
    return folder


def test_labels_of_a_comment(tmp_path: Path) -> None:
    write(tmp_path, LINE.format("17,27") + "\"It's\u2019 fine, isn't it\"\t0\tabc2\n\n")
    corpus = load_corpus("goemotions", tmp_path)
    two, one = (c.utterances[0] for c in corpus.splits["train"])
    assert (two.id, two.label, two.extra["labels"]) == ("train1", None, ["joy", "neutral"])
    assert (one.text, one.label, one.extra["labels"]) == ("\"It's\u2019 fine, isn't it\"", "admiration", ["admiration"])
    assert one.speaker in corpus.anonymous_speakers
    assert (corpus.label_set.neutral, len(corpus.label_set)) == ("neutral", 28)
    assert corpus.protocol("test").metric == "macro_f1"


@pytest.mark.parametrize("label", ["28", "-1", "", "joy", "1,", "\u00b2"])
def test_a_label_that_does_not_exist(tmp_path: Path, label: str) -> None:
    write(tmp_path, LINE.format("1") + LINE.format(label))
    with pytest.raises(CorpusError, match=r"train\.tsv:2: label id '.*' is not a number from 0 to 27"):
        load_corpus("goemotions", tmp_path)


def test_a_line_of_another_shape(tmp_path: Path) -> None:
    write(tmp_path, "text\t1\n")
    with pytest.raises(CorpusError, match=r"train\.tsv:1: has 2 cells"):
        load_corpus("goemotions", tmp_path)


def test_the_real_corpus(data: Path) -> None:
    folder = data / "raw" / "goemotions"
    if not folder.is_dir():
        pytest.skip(f"needs GoEmotions: {folder} is not there")
    corpus = load_corpus("goemotions", folder)
    assert corpus.label_set.labels == tuple((folder / "emotions.txt").read_text().split())
    assert not corpus_statistics(corpus).mismatches()
    # Counted without erckit: all labels of all comments.
    for split, conversations in corpus.splits.items():
        lines = (folder / f"{split}.tsv").read_text(encoding="utf-8").rstrip("\n").split("\n")
        numbers = Counter(int(n) for line in lines for n in line.split("\t")[1].split(","))
        found = Counter(name for c in conversations for name in c.utterances[0].extra["labels"])
        assert found == {corpus.label_set.labels[number]: count for number, count in numbers.items()}
    assert corpus_source("goemotions").published["train"]["utterances"] == 43410
