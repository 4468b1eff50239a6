from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from erckit.corpora import corpus_source
from erckit.corpora.find_layout import find_layout

MELD = corpus_source("meld")


def test_a_complete_layout_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))
    partial, cached = tmp_path / "data" / "meld", tmp_path / "cache" / "corpora" / "meld"
    for folder in (partial, cached):
        folder.mkdir(parents=True)
    for split in ("train", "dev"):
        (partial / f"{split}.jsonl").touch()
    layout, files = find_layout(MELD) or pytest.fail("not found")
    assert (layout.name, list(files)) == ("uniform JSONL", ["train", "dev"])
    for split in ("train", "dev", "test"):
        (cached / f"{split}_sent_emo.csv").touch()
    layout, files = find_layout(MELD) or pytest.fail("not found")
    assert (layout.name, files["test"]) == ("published csv", cached / "test_sent_emo.csv")
    # another task on the same files is found in the same folder
    assert find_layout(corpus_source("meld_sentiment"))
    assert find_layout(replace(MELD, partial=False), partial) is None


def test_a_folder_of_several_corpora(tmp_path: Path) -> None:
    for corpus in ("dailydialog", "meld"):
        (tmp_path / corpus).mkdir()
        (tmp_path / corpus / "dev.jsonl").touch()
    for corpus in ("dailydialog", "meld"):
        found = find_layout(corpus_source(corpus), tmp_path)
        assert found is not None
        assert found[1]["dev"].parent.name == corpus


def test_no_folder_beside_the_current_one_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = tmp_path / "shared" / "data" / "meld"
    stranger.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        (stranger / f"{split}.jsonl").touch()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv("ERCKIT_DATA", raising=False)
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))
    assert find_layout(MELD) is None


def test_nothing_there(tmp_path: Path) -> None:
    assert find_layout(MELD, tmp_path) is None
    assert find_layout(MELD, tmp_path / "nowhere") is None
