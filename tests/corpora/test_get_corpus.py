from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from erckit.corpora import get_corpus as module
from erckit.corpora import load_corpus
from erckit.corpora.checks.corpus_statistics import split_statistics
from erckit.corpora.corpus_source import CorpusSource, PublishedFile
from erckit.corpora.emorynlp.emorynlp import EMORYNLP
from erckit.corpora.get_corpus import get_corpus
from erckit.corpora.meld.meld import MELD
from erckit.errors import CorpusError

TEXT = "Ann\thi\tJoyful\nBob\tyo\tSad\n\nAnn\tbye\tMad\n"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    folder.mkdir()
    for split in ("train", "dev", "test"):
        (folder / f"EMORY_{split}.txt").write_text(TEXT)
    return folder


@pytest.fixture
def source(published: Path, monkeypatch: pytest.MonkeyPatch) -> CorpusSource:
    """EmoryNLP, as if the three lines above were all of it."""
    counts = {name: split_statistics(c).to_dict() for name, c in load_corpus("emorynlp", published).splits.items()}
    sha = hashlib.sha256(TEXT.encode()).hexdigest()
    files = tuple(
        PublishedFile(f"EMORY_{split}.txt", f"https://x.invalid/EMORY_{split}.txt", None if split == "train" else sha)
        for split in ("train", "dev", "test")
    )
    source = replace(EMORYNLP, published=counts, files=files)
    monkeypatch.setattr("erckit.corpora.emorynlp.emorynlp.EMORYNLP", source)
    return source


@pytest.fixture
def fetched(published: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """Stand-in for the network: addresses and checksums that were asked for."""
    calls: list[tuple[str, str | None]] = []

    def download(url: str, path: Path, sha256: str | None, report: Callable[[int, int | None], None]) -> Path:
        calls.append((url, sha256))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((published / path.name).read_bytes())
        report(path.stat().st_size, path.stat().st_size)
        return path

    monkeypatch.setattr(module, "download", download)
    return calls


def test_from_a_folder(source: CorpusSource, published: Path, tmp_path: Path) -> None:
    said: list[str] = []
    target = get_corpus("emorynlp", published, tmp_path / "cache" / "emorynlp", said.append)
    assert load_corpus("emorynlp", target).splits == load_corpus("emorynlp", published).splits
    assert said[-1] == f"emorynlp is in {target}"
    assert json.loads((target / "checksums.json").read_text()).keys() == {f.name for f in source.files}


def test_download_checks_records_and_happens_once(
    source: CorpusSource, fetched: list[tuple[str, str | None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ERCKIT_DATA", raising=False)
    for _ in range(2):
        folder = get_corpus("emorynlp", quiet=True)
    assert fetched == [(file.url, file.sha256) for file in source.files]
    assert folder == tmp_path / "cache" / "corpora" / "emorynlp"
    assert [path.name for path in folder.parent.iterdir()] == ["emorynlp"]
    assert load_corpus("emorynlp").version.endswith("re-export of EmoNet and CoMPM")


def test_wrong_counts_are_refused_and_what_was_there_stays(
    source: CorpusSource, published: Path, fetched: list[Any], tmp_path: Path
) -> None:
    target = tmp_path / "target"
    get_corpus("emorynlp", published, target)
    (published / "EMORY_train.txt").write_text(TEXT + "Ann\tmore\tSad\n")
    with pytest.raises(CorpusError, match=r"not the published 'emorynlp' \(train: utterances is 4, published 3"):
        get_corpus("emorynlp", published, target)
    assert len(load_corpus("emorynlp", target).splits["train"]) == 2


def test_first_checksum_is_asked_for_again(
    source: CorpusSource, published: Path, fetched: list[tuple[str, str | None]], tmp_path: Path
) -> None:
    (published / "EMORY_test.txt").write_text(TEXT + "Ann\tmore\tSad\n")
    for _ in range(2):
        with pytest.raises(CorpusError, match="not the published"):
            get_corpus("emorynlp", target=tmp_path / "target", quiet=True)
    train = [sha256 for url, sha256 in fetched if "train" in url]
    assert train == [None, hashlib.sha256(TEXT.encode()).hexdigest()]


def test_folder_without_the_corpus(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is not in"):
        get_corpus("emorynlp", tmp_path, tmp_path / "target")
    with pytest.raises(CorpusError, match="is not a folder"):
        get_corpus("emorynlp", tmp_path / "x", tmp_path / "target")


def test_real_corpora_are_accepted(data: Path, tmp_path: Path) -> None:
    for name in ("emorynlp", "emorynlp_aligned"):
        for origin in (data / name, data / "raw" / name):
            get_corpus(name, origin, tmp_path / name)


def test_a_part_does_not_replace_the_whole(source: CorpusSource, published: Path, tmp_path: Path) -> None:
    target, part = tmp_path / "target", tmp_path / "part"
    get_corpus("emorynlp", published, target)
    part.mkdir()
    shutil.copy(published / "EMORY_test.txt", part)
    with pytest.raises(CorpusError, match="is not in"):  # this corpus is read whole only
        get_corpus("emorynlp", part, target)


def test_a_part_is_taken_where_parts_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    header = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
    row = "1,hi,Ann,joy,positive,0,0,1,1,00:00:01,00:00:02\n"
    one, two, target = tmp_path / "one", tmp_path / "two", tmp_path / "target"
    for folder, splits in ((one, ("train", "test")), (two, ("test",))):
        folder.mkdir()
        for split in splits:
            (folder / f"{split}_sent_emo.csv").write_text(header + row)
    counts = {name: split_statistics(c).to_dict() for name, c in load_corpus("meld", one).splits.items()}
    monkeypatch.setattr("erckit.corpora.meld.meld.MELD", replace(MELD, published=counts))
    get_corpus("meld", two, target)
    assert list(load_corpus("meld", target).splits) == ["test"]
    get_corpus("meld", one, target)
    with pytest.raises(CorpusError, match="has the split 'train' of 'meld', and the given folder has not"):
        get_corpus("meld", two, target)
    assert list(load_corpus("meld", target).splits) == ["train", "test"]


def test_what_cannot_be_downloaded_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"'dailydialog_topic' cannot be downloaded: .* name it with --from\.$"):
        get_corpus("dailydialog_topic", target=tmp_path / "target")


def test_files_of_another_task_come_along(data: Path, tmp_path: Path) -> None:
    folder = get_corpus("dailydialog_topic", data / "raw" / "dailydialog", tmp_path / "dailydialog")
    assert {"train.zip", "topics_train.txt", "dialogues_topic.txt"} <= {path.name for path in folder.iterdir()}


def test_a_corpus_whose_download_lacks_a_split_is_fetched_once(
    published: Path, fetched: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    read = load_corpus("emorynlp", published).splits["test"]
    source = replace(
        EMORYNLP,
        published={"test": split_statistics(read).to_dict()},
        files=(PublishedFile("EMORY_test.txt", "https://x.invalid/EMORY_test.txt", None),),
        partial=True,
    )
    monkeypatch.setattr("erckit.corpora.emorynlp.emorynlp.EMORYNLP", source)
    for _ in range(2):
        get_corpus("emorynlp", target=tmp_path / "target", quiet=True)
    assert len(fetched) == 1
