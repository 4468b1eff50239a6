from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from erckit.cli.main import main
from erckit.corpora import load_corpus
from erckit.corpora.corpus import Corpus
from erckit.corpora.own.own_corpus import load_own_corpus
from erckit.errors import CorpusError

HEADER = ("conversation", "speaker", "text", "emotion")
Row = tuple[str, str, str, str]


def rows(count: int, start: int = 0) -> list[Row]:
    rng = random.Random(start)
    found = []
    for c in range(start, start + count):
        for u in range(rng.randint(2, 5)):
            label = rng.choice(("calm", "calm", "glad", "cross", "")) if u else ("calm", "glad", "cross")[c % 3]
            found.append((f"call-{c}", rng.choice(("Ann", "Bob")), f"words {c} {u}", label))
    return found


def write_csv(path: Path, data: list[Any], header: tuple[str, ...] = HEADER, delimiter: str = ",") -> Path:
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *data])
    return path


def write_jsonl(path: Path, data: list[Row], key: str = "emotion") -> Path:
    conversations: dict[str, list[Any]] = {}
    for conversation, speaker, text, label in data:
        conversations.setdefault(conversation, []).append({"speaker": speaker, "text": text, key: label or None})
    path.write_text("".join(json.dumps({"id": k, "utterances": v}) + "\n" for k, v in conversations.items()))
    return path


def said(corpus: Corpus) -> dict[str, list[tuple[str, str, str, str | None]]]:
    return {
        split: [(c.id, u.speaker, u.text, u.label) for c in conversations for u in c.utterances]
        for split, conversations in corpus.splits.items()
    }


def folder_of(path: Path) -> Path:
    path.mkdir()
    write_jsonl(path / "train.jsonl", rows(20))
    write_csv(path / "validation.csv", rows(5, 20))
    write_csv(path / "test.tsv", rows(5, 25), delimiter="\t")
    return path


def test_a_folder_of_splits(tmp_path: Path) -> None:
    corpus = load_corpus(str(folder_of(tmp_path / "calls")))
    expected = {"train": rows(20), "dev": rows(5, 20), "test": rows(5, 25)}
    assert said(corpus) == {split: [(*row[:3], row[3] or None) for row in data] for split, data in expected.items()}
    counts = Counter(row[3] for row in rows(20) if row[3])
    assert corpus.label_set.labels == tuple(sorted(counts, key=lambda label: (-counts[label], label)))
    assert corpus.label_set.neutral is None
    protocol = corpus.protocol("test")
    assert (protocol.name, protocol.metric, protocol.remembered_splits) == ("calls/test", "weighted_f1", ("train",))
    assert corpus.name == "calls"
    assert "splits as given" in corpus.version
    assert load_corpus("calls", tmp_path) == corpus


def test_one_file_is_divided(tmp_path: Path) -> None:
    data = rows(60)
    of_csv = load_corpus(str(write_csv(tmp_path / "a.csv", data)))
    of_jsonl = load_corpus(str(write_jsonl(tmp_path / "b.jsonl", data)))
    assert said(of_csv) == said(of_jsonl)
    divided = {row for split in said(of_csv).values() for row in split}
    assert divided == {(*row[:3], row[3] or None) for row in data}
    assert sum(map(len, said(of_csv).values())) == len(data)
    for label, total in Counter(row[3] for row in data).items():
        found = sum(row[3] == (label or None) for row in said(of_csv)["train"])
        assert found == pytest.approx(0.8 * total, abs=2)
    assert "80%/10%/10% by conversation, seed 0" in of_csv.version
    assert said(load_own_corpus(tmp_path / "a.csv", seed=1)) != said(of_csv)
    assert list(load_own_corpus(tmp_path / "a.csv", splits=(0, 0, 1)).splits) == ["test"]


def test_a_column_gives_the_splits(tmp_path: Path) -> None:
    data = [(*row, "valid" if int(row[0][5:]) > 15 else "train") for row in rows(20)]
    corpus = load_corpus(str(write_csv(tmp_path / "a.csv", data, (*HEADER, "split"))))
    assert [c.id for c in corpus.splits["dev"]] == [f"call-{n}" for n in range(16, 20)]
    data[1] = (*data[1][:4], "test")
    with pytest.raises(CorpusError, match="'call-0' is in the splits test and train"):
        load_corpus(str(write_csv(tmp_path / "a.csv", data, (*HEADER, "split"))))


def test_parquet(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'erckit[parquet]'")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = dict(zip(HEADER, (list(column) for column in zip(*rows(30), strict=True)), strict=True))
    columns["emotion"] = [label or None for label in columns["emotion"]]
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert said(load_corpus(str(tmp_path / "a.parquet"))) == said(
        load_corpus(str(write_csv(tmp_path / "a.csv", rows(30))))
    )
    columns["emotion"] = [1.0, float("nan")] * 100
    parquet.write_table(pa.table({key: (values * 9)[:60] for key, values in columns.items()}), tmp_path / "b.parquet")
    with pytest.raises(CorpusError, match=r"b\.parquet:2: .*label 'nan'"):
        load_corpus(str(tmp_path / "b.parquet"))


def test_single_comments(tmp_path: Path) -> None:
    data = [(f"words {n}", ("glad", "none")[n % 2]) for n in range(30)]
    corpus = load_corpus(str(write_csv(tmp_path / "a.csv", data, ("text", "label"))))
    assert [len(c) for split in corpus.splits.values() for c in split] == [1] * 30
    assert corpus.label_set.neutral == "none"
    with pytest.raises(CorpusError, match="1 conversation cannot be divided"):
        load_corpus(str(write_csv(tmp_path / "b.csv", [("A", *row) for row in data], ("speaker", "text", "label"))))


def test_names_of_its_own(tmp_path: Path) -> None:
    data = rows(12)
    header = ("conversation", "speaker", "body text", "feeling")
    write_csv(tmp_path / "a.csv", data, header)
    (tmp_path / "a.corpus.yaml").write_text(
        "label_column: feeling\nneutral: calm\ncolumns: {text: body text}\nsplits: [0.5, 0.25, 0.25]\nseed: 3\n"
    )
    corpus = load_corpus(str(tmp_path / "a.csv"))
    assert corpus == load_own_corpus(
        tmp_path / "a.csv",
        label_column="feeling",
        neutral="calm",
        columns={"text": "body text"},
        splits=(0.5, 0.25, 0.25),
        seed=3,
    )
    assert corpus.label_set.neutral == "calm"
    write_jsonl(tmp_path / "c.jsonl", data, key="feeling")
    assert {
        u.label
        for c in load_own_corpus(tmp_path / "c.jsonl", label_column="feeling").splits["train"]
        for u in c.utterances
    } <= {"calm", "glad", "cross", None}
    (tmp_path / "a.corpus.yaml").write_text("label_colum: feeling\n")
    with pytest.raises(CorpusError, match=r"a\.corpus\.yaml: unknown key 'label_colum'. Did you mean 'label_column'"):
        load_corpus(str(tmp_path / "a.csv"))


def test_the_name_of_a_benchmark_is_not_taken(tmp_path: Path) -> None:
    assert load_corpus(str(folder_of(tmp_path / "meld"))).name == "own_meld"


def test_numbers_that_begin_again_are_no_overlap(tmp_path: Path) -> None:
    header = ("Dialogue_ID", "Utterance_ID", "Speaker", "Utterance", "Emotion")
    for split, start in (("train", 0), ("dev", 100), ("test", 200)):
        data = [(c, u, "A", f"words {start + c} {u}", "xy"[u]) for c in range(3) for u in range(2)]
        write_csv(tmp_path / f"{split}_sent_emo.csv", data, header)
    corpus = load_corpus(str(tmp_path))
    assert [c.id for c in corpus.splits["dev"]] == ["dev-0", "dev-1", "dev-2"]
    # A conversation cut in two: the second half of conversation 1 stands in dev.
    data = [(1, u, "A", f"words 1 {u}", "x") for u in range(2, 4)]
    write_csv(tmp_path / "dev_sent_emo.csv", data, header)
    with pytest.raises(CorpusError, match=r"dev_sent_emo\.csv: conversation '1' of 'dev' is also in 'train'"):
        load_corpus(str(tmp_path))


def make_missing_column(folder: Path) -> None:
    write_csv(folder / "test.tsv", rows(5, 25), (*HEADER[:3], "emotoin"), "\t")


def make_missing_key(folder: Path) -> None:
    write_jsonl(folder / "train.jsonl", rows(20), key="emotoin")


def make_empty(folder: Path) -> None:
    (folder / "validation.csv").write_text("")


def make_header_only(folder: Path) -> None:
    write_csv(folder / "validation.csv", [])


def make_unlabelled(folder: Path) -> None:
    write_csv(folder / "validation.csv", [(*row[:3], "") for row in rows(5, 20)])


def make_overlap(folder: Path) -> None:
    write_csv(folder / "validation.csv", rows(6, 15))


def make_same_ids_and_texts(folder: Path) -> None:
    header = ("conversation", "id", "speaker", "text", "emotion")
    data = [("c1", "eebbqej", "A", "hi", "calm"), ("c2", "ed00q6i", "A", "yo", "glad")]
    (folder / "train.jsonl").unlink()
    write_csv(folder / "train.csv", data, header)
    write_csv(folder / "validation.csv", [("d9", *data[0][1:])], header)


def make_nan(folder: Path) -> None:
    data = rows(5, 20)
    data[3] = (*data[3][:3], "NaN")
    write_csv(folder / "validation.csv", data)


def make_json_nan(folder: Path) -> None:
    with open(folder / "train.jsonl", "a") as file:
        file.write('{"id": "z", "utterances": [{"text": "x", "emotion": NaN}]}\n')


def make_json_nan_text(folder: Path) -> None:
    with open(folder / "train.jsonl", "a") as file:
        file.write('{"id": "z", "utterances": [{"text": "nan", "emotion": "nan"}]}\n')


def make_unknown_label(folder: Path) -> None:
    write_csv(folder / "test.tsv", [*rows(5, 25), ("call-99", "Ann", "once", "bored")], delimiter="\t")


def make_number_as_text(folder: Path) -> None:
    with open(folder / "train.jsonl", "a") as file:
        file.write('{"id": "z", "utterances": [{"text": 5, "emotion": "calm"}]}\n')


def make_list_as_label(folder: Path) -> None:
    with open(folder / "train.jsonl", "a") as file:
        file.write('{"id": "z", "utterances": [{"text": "x", "emotion": ["calm"]}]}\n')


def make_empty_text(folder: Path) -> None:
    write_csv(folder / "validation.csv", [*rows(5, 20), ("call-98", "Ann", " ", "calm")])


def make_two_cases(folder: Path) -> None:
    write_csv(folder / "validation.csv", [*rows(5, 20), ("call-98", "Ann", "x", "Calm")])


def make_one_label(folder: Path) -> None:
    for name in ("train.jsonl", "validation.csv", "test.tsv"):
        (folder / name).unlink()
    write_csv(folder / "a.csv", [(*row[:3], "calm") for row in rows(9)])


def make_two_files(folder: Path) -> None:
    write_csv(folder / "val.csv", rows(5, 40))


def make_nothing(folder: Path) -> None:
    for path in list(folder.iterdir()):
        path.rename(folder / f"x{path.stem}.bin")


FAULTS = [
    (make_missing_column, r"test\.tsv:1: has no column for the labels.*Did you mean 'emotoin'\?"),
    (make_missing_key, r"train\.jsonl: no utterance has a gold label.*Did you mean 'emotoin'\?"),
    (make_empty, r"validation\.csv: is empty"),
    (make_header_only, r"validation\.csv: holds no conversation"),
    (make_unlabelled, r"validation\.csv: no utterance of the split 'dev' .*has a gold label"),
    (make_overlap, r"validation\.csv: conversation 'call-15' of 'dev' is also in 'train'"),
    (make_same_ids_and_texts, r"validation\.csv: conversation 'd9' of 'dev' is also in 'train' \(as 'c1'"),
    (make_nan, r"validation\.csv:5: utterance 'u\d+' of 'call-2\d' has the label 'NaN'"),
    (make_json_nan, r"train\.jsonl:21: .*NaN is not a JSON value"),
    (make_json_nan_text, r"train\.jsonl:21: utterance 'u001' of 'z' has the label 'nan'"),
    (make_unknown_label, r"the label 'bored' occurs in test \(1 utterance\) and never in train"),
    (make_number_as_text, r"train\.jsonl:21: utterance 1 has int 5 as its text"),
    (make_list_as_label, r"train\.jsonl:21: utterance 1 has \['calm'\] as its label"),
    (make_empty_text, r"validation\.csv: utterance 'u001' of 'call-98' has no text"),
    (make_two_cases, r"labels 'calm' and 'Calm' differ in case only"),
    (make_one_label, r"has the label 'calm' only"),
    (make_two_files, r"both val\.csv and validation\.csv are 'dev'"),
    (make_nothing, r"has no train, dev and test files"),
]


@pytest.mark.parametrize(("spoil", "message"), FAULTS, ids=[spoil.__name__ for spoil, _ in FAULTS])
def test_faults_are_refused_with_the_reason(tmp_path: Path, spoil: Any, message: str) -> None:
    folder = folder_of(tmp_path / "calls")
    load_corpus(str(folder))
    spoil(folder)
    with pytest.raises(CorpusError, match=message) as error:
        load_corpus(str(folder))
    assert "\n" not in str(error.value)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no file or folder '.*x\.csv'"):
        load_corpus(str(tmp_path / "x.csv"))
    (tmp_path / "a.txt").write_text("Ann: hi\n")
    with pytest.raises(CorpusError, match=r"a\.txt: a corpus is a file of \.jsonl"):
        load_corpus(str(tmp_path / "a.txt"))
    with pytest.raises(CorpusError, match="Did you mean 'emotion'"):
        load_own_corpus(write_csv(tmp_path / "a.csv", rows(9)), label_column="emotoin")
    with pytest.raises(CorpusError, match=r"neutral label 'clam'.*Did you mean 'calm'"):
        load_own_corpus(tmp_path / "a.csv", neutral="clam")
    with pytest.raises(CorpusError, match="three shares"):
        load_own_corpus(tmp_path / "a.csv", splits=(0.5, 0.5))


def test_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tiny_backbone: Callable[[str], Path]
) -> None:
    folder = folder_of(tmp_path / "calls")

    def run(*arguments: str) -> str:
        code = main(list(arguments))
        out, err = capsys.readouterr()
        assert code in (0, None), err
        return out

    stats = run("corpora", "stats", str(folder))
    unlabelled = sum(not row[3] for row in rows(20))
    assert f"{len(rows(20)) - unlabelled:,}" in next(line for line in stats.splitlines() if "gold label" in line)
    assert "utterances without text: 0" in run("corpora", "check", str(folder))
    backbone = str(tiny_backbone("bert"))
    plan = run("train", "emonet/emorynlp", "--corpus", str(folder), "--backbone", backbone, "--dry-run")
    assert "conversations  20" in plan
    out = run(
        "evaluate", "baseline/majority", "--corpus", str(folder), "--split", "test", "-q", "-o", str(tmp_path / "o")
    )
    assert "calls/test" in out
    make_nan(folder)
    assert main(["corpora", "stats", str(folder)]) not in (0, None)
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "validation.csv:5" in error
