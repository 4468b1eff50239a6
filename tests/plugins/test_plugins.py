"""A package that is installed beside erckit brings a corpus, readers, a writer and a metric."""

from __future__ import annotations

import json
import random
import zlib
from pathlib import Path

import pytest
from sklearn.metrics import balanced_accuracy_score

from erckit.cli.main import main
from erckit.corpora import corpus_source, load_corpus
from erckit.errors import CorpusError, SettingError
from erckit.labels import LabelSet
from erckit.metrics import METRICS, classification_report, metric_from_confusion, metric_names
from erckit.readers import read_conversations
from erckit.readers.reader_table import reader, reader_table

MINUTES = "Ana> pass the salt\nBen> no\n\nAna> hello?\n"
WORDS = {"Glad": "lovely soup thank you", "Cross": "not again this soup"}


@pytest.fixture
def corpus_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data" / "dinner"
    folder.mkdir(parents=True)
    rng = random.Random(1)
    for split, count in (("train", 12), ("dev", 8), ("test", 8)):
        dinners = []
        for _ in range(count):
            labels = [rng.choice(list(WORDS)) for _ in range(4)]
            dinners.append("\n".join(f"{rng.choice('AB')} [{x}]> {WORDS[x]} {rng.randrange(99)}" for x in labels))
        (folder / f"{split}.dinner").write_text("\n\n".join(dinners), encoding="utf-8")
    monkeypatch.setenv("ERCKIT_DATA", str(tmp_path / "data"))
    return folder


@pytest.mark.usefixtures("dinner_talk", "corpus_folder")
def test_a_corpus_is_listed_and_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "list"]) == 0
    assert "Dinner talk; CC0" in capsys.readouterr().out
    corpus = load_corpus("dinner")
    assert {name: len(split) for name, split in corpus.splits.items()} == {"train": 12, "dev": 8, "test": 8}
    assert corpus_source("meld").title != "Dinner talk"  # erckit's own names cannot be taken


@pytest.mark.usefixtures("dinner_talk", "corpus_folder")
def test_a_metric_is_computed_and_compared_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = []
    for system in ("baseline/majority", "baseline/tfidf"):
        files.append(tmp_path / f"{system.rpartition('/')[2]}.json")
        assert main(["evaluate", system, "--corpus", "dinner", "--split", "test", "--json", str(files[-1])]) == 0
    scored = json.loads(files[1].read_text(encoding="utf-8"))
    assert scored["protocol"]["metric"] == "balanced_accuracy"
    assert scored["metrics"]["balanced_accuracy"] == pytest.approx(1.0)
    assert scored["metrics"]["interval_95"]["balanced_accuracy"] == pytest.approx([1.0, 1.0])
    assert json.loads(files[0].read_text(encoding="utf-8"))["metrics"]["balanced_accuracy"] == pytest.approx(0.5)
    capsys.readouterr()
    assert main(["compare", *map(str, files), "--metric", "balanced_accuracy"]) == 0
    assert "balanced_accuracy" in capsys.readouterr().out


@pytest.mark.usefixtures("dinner_talk")
def test_a_metric_equals_its_definition() -> None:
    rng = random.Random(2)
    gold, predicted = ([rng.randrange(3) for _ in range(50)] for _ in range(2))
    labels = LabelSet(("a", "b", "c"))
    assert metric_names() == (*METRICS, "balanced_accuracy")
    report = classification_report(gold, predicted, labels)
    assert report.value("balanced_accuracy", labels) == pytest.approx(balanced_accuracy_score(gold, predicted))
    assert report.value("accuracy", labels) == report.accuracy < 1
    half = classification_report(gold, [-1 if i < 25 else y for i, y in enumerate(gold)], labels)
    assert half.value("balanced_accuracy", labels) < 1  # an answer that names no label is wrong
    with pytest.raises(SettingError, match=r"unknown metric 'balanced'.*balanced_accuracy"):
        metric_from_confusion([[1, 0], [0, 1]], "balanced")  # type: ignore[arg-type]


@pytest.mark.usefixtures("dinner_talk")
def test_formats_are_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(MINUTES, encoding="utf-8")
    (tmp_path / "a.bin").write_bytes(zlib.compress(MINUTES.encode()))
    for file, name in (("a.txt", "dinner"), ("a.bin", "dinner_pack")):
        report = read_conversations(tmp_path / file, format=name)
        said = [[(u.speaker, u.text) for u in one.utterances] for one in report.conversations]
        assert said == [[("Ana", "pass the salt"), ("Ben", "no")], [("Ana", "hello?")]]
    folder = tmp_path / "dinners"
    folder.mkdir()
    (folder / "a.txt").write_text(MINUTES, encoding="utf-8")
    assert len(read_conversations(folder, format="dinner").conversations) == 2


@pytest.mark.usefixtures("dinner_talk")
def test_the_command_line_reads_and_writes_them(tmp_path: Path) -> None:
    chat, out = tmp_path / "a.txt", tmp_path / "out.dinner"
    chat.write_text(MINUTES, encoding="utf-8")
    assert main(["label", str(chat), "--format", "dinner", "--output", str(out), "--quiet"]) == 0
    again = read_conversations(out, format="dinner")
    assert [u.text for one in again.conversations for u in one.utterances] == ["pass the salt", "no", "hello?"]
    assert all(u.label for one in again.conversations for u in one.utterances)


@pytest.mark.usefixtures("dinner_talk")
def test_a_broken_package_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SettingError, match=r"'broken' \(erckit\.readers\) .* cannot be imported"):
        reader("broken")
    chat = tmp_path / "a.txt"
    chat.write_text(MINUTES, encoding="utf-8")
    assert main(["label", str(chat), "--format", "broken"]) != 0
    assert "cannot be imported" in capsys.readouterr().err


def test_without_the_package_nothing_of_it_is_there() -> None:
    assert "dinner" not in reader_table()
    assert metric_names() == METRICS
    with pytest.raises(CorpusError, match="dinner"):
        corpus_source("dinner")
