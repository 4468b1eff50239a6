"""Synthetic copies in the four layouts; the real corpus is licensed to single users."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from erckit.corpora import corpus_source, load_corpus
from erckit.corpora import get_corpus as get_corpus_module
from erckit.corpora.corpus import Corpus
from erckit.corpora.get_corpus import get_corpus
from erckit.errors import CorpusError

SHORT = ("hap", "sad", "neu", "ang", "exc", "fru")
LONG = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
TRAIN = [f"Ses0{1 + n % 4}{'FM'[n % 2]}_impro{n:02d}" for n in range(20)]
TEST = ["Ses05F_script01", "Ses05M_impro01"]


def conversation(name: str) -> tuple[list[str], list[str], list[int], list[str]]:
    """Ids, speakers, label numbers, texts: all six labels in each."""
    count = 6 + len(name) % 3
    speakers = ["FM"[u % 2] for u in range(count)]
    ids = [f"{name}_{speaker}{u:03d}" for u, speaker in enumerate(speakers)]
    return ids, speakers, [u % 6 for u in range(count)], [f"{name} says {u}" for u in range(count)]


def by_name(part: int) -> dict[str, Any]:
    return {name: conversation(name)[part] for name in (*TRAIN, *TEST)}


def write_cosmic(folder: Path, labels: Any = None) -> Path:
    numbers = {name: [np.int64(n) for n in row] for name, row in by_name(2).items()}
    data = [by_name(1), labels or numbers, by_name(3), TRAIN[2:], TEST, TRAIN[:2]]
    (folder / "iemocap.pkl").write_bytes(pickle.dumps(data, 2))
    return folder


def write_dialoguernn(folder: Path) -> Path:
    features = {name: np.zeros((3, 4), "f4") for name in (*TRAIN, *TEST)}
    data = (*(by_name(part) for part in range(3)), features, features, features, by_name(3), set(TRAIN), set(TEST))
    (folder / "IEMOCAP_features.pkl").write_bytes(pickle.dumps(data, 2))
    return folder


def splits() -> dict[str, list[str]]:
    return {"train": TRAIN[2:], "dev": TRAIN[:2], "test": TEST}


def write_compm(folder: Path) -> Path:
    for split, names in splits().items():
        blocks = []
        for name in names:
            _, speakers, labels, texts = conversation(name)
            blocks.append("".join(f"{s}\t{t}\t{SHORT[n]}\n" for s, t, n in zip(speakers, texts, labels, strict=True)))
        (folder / f"iemocap_{split}.txt").write_text("\n".join(blocks))
    return folder


def write_spcl(folder: Path, **changes: Any) -> Path:
    for split, names in splits().items():
        data = []
        for name in names:
            _, speakers, labels, texts = conversation(name)
            rows = [
                {"text": t, "speaker": s, "label": LONG[n]} for t, s, n in zip(texts, speakers, labels, strict=True)
            ]
            rows.insert(1, {"text": "[LAUGHTER]", "speaker": "F", **changes})
            data.append(rows)
        (folder / f"{split}_data.json").write_text(json.dumps(data))
    return folder


def said(corpus: Corpus, split: str) -> list[list[tuple[str, str, str | None]]]:
    return [[(u.speaker[-1], u.text, u.label) for u in c.utterances if u.label] for c in corpus.splits[split]]


def test_every_layout_says_the_same(tmp_path: Path) -> None:
    corpora = {}
    for write in (write_cosmic, write_compm, write_spcl):
        folder = tmp_path / write.__name__
        folder.mkdir()
        corpora[write.__name__] = load_corpus("iemocap", write(folder))
    for split, names in splits().items():
        expected = [[(s, t, LONG[n]) for s, n, t in zip(*conversation(name)[1:], strict=True)] for name in names]
        for corpus in corpora.values():
            assert said(corpus, split) == expected
    assert corpora["write_cosmic"].splits["test"][0].utterances[0].speaker == "Ses05F"
    assert {"M", "F"} <= corpora["write_compm"].anonymous_speakers
    assert "Ses05F" not in corpora["write_compm"].anonymous_speakers
    for name, corpus in corpora.items():
        unlabelled = [u.text for c in corpus.splits["dev"] for u in c.utterances if u.label is None]
        assert unlabelled == (["[LAUGHTER]"] * 2 if name == "write_spcl" else [])
    assert (corpus.label_set.labels, corpus.label_set.neutral) == (LONG, "neutral")
    assert corpus.protocol("test").metric == "weighted_f1"


def test_dev_is_held_out_of_train(tmp_path: Path) -> None:
    corpus = load_corpus("iemocap", write_dialoguernn(tmp_path))
    ids = {split: [c.id for c in conversations] for split, conversations in corpus.splits.items()}
    assert (len(ids["train"]), len(ids["dev"]), ids["test"]) == (18, 2, TEST)
    assert sorted(ids["train"] + ids["dev"]) == sorted(TRAIN)
    assert "dev = 10% of the train conversations, held out with seed 0" in corpus.version
    assert corpus == load_corpus("iemocap", tmp_path)
    utterance = corpus.splits["test"][0].utterances[1]
    assert (utterance.id, utterance.speaker, utterance.label) == ("Ses05F_script01_M001", "Ses05M", "sad")


def test_damaged_copies(tmp_path: Path) -> None:
    (tmp_path / "iemocap.pkl").write_bytes(pickle.dumps([1, 2, 3]))
    with pytest.raises(CorpusError, match=r"iemocap\.pkl: holds a list of 3, not the 6 parts of the COSMIC layout"):
        load_corpus("iemocap", tmp_path)
    for labels, message in (
        ({**by_name(2), TEST[0]: [0]}, f"conversation '{TEST[0]}' has not as many speakers as labels"),
        ({**by_name(2), TEST[0]: [6] * len(by_name(2)[TEST[0]])}, "has the label number 6; known are 0 to 5"),
        ({**by_name(2), TEST[0]: ["x"] * len(by_name(2)[TEST[0]])}, "utterance 1 has 'x' as its label number"),
        ([1], "a part is a list, not a dict"),
    ):
        with pytest.raises(CorpusError, match=message):
            load_corpus("iemocap", write_cosmic(tmp_path, labels))
    (tmp_path / "iemocap.pkl").unlink()
    write_compm(tmp_path)
    (tmp_path / "iemocap_dev.txt").write_text("M\thi\tneu\nM\n")
    with pytest.raises(CorpusError, match=r"iemocap_dev\.txt:2: has 1 cells"):
        load_corpus("iemocap", tmp_path)
    (tmp_path / "iemocap_dev.txt").unlink()
    with pytest.raises(
        CorpusError, match=r"train_data.*utterance 2 has the label 'disgusted', which the label set lacks"
    ):
        load_corpus("iemocap", write_spcl(tmp_path, label="disgusted"))
    with pytest.raises(CorpusError, match="conversation 1: it has 3 speakers"):
        load_corpus("iemocap", write_spcl(tmp_path, speaker="Third"))
    (tmp_path / "train_data.json").write_text('[[{"text": "x"}]]')
    with pytest.raises(CorpusError, match=r"train_data\.json: is not the JSON layout of SPCL"):
        load_corpus("iemocap", tmp_path)


def test_nothing_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_corpus_module, "download", lambda *_, **__: pytest.fail("asked the network"))
    with pytest.raises(CorpusError, match=r"licence is given to single users.*iemocap_release.*--from"):
        get_corpus("iemocap", target=tmp_path / "target")


def test_published_counts_are_those_of_the_layout(tmp_path: Path) -> None:
    published = {layout.name: layout.published for layout in corpus_source("iemocap").layouts}
    assert published["CoMPM text"] is not None
    assert published["CoMPM text"]["train"]["utterances"] == 5163
    for write, wrong in ((write_compm, "train: conversations is 18, published 108"), (write_spcl, "18, published 100")):
        folder = tmp_path / write.__name__
        folder.mkdir()
        with pytest.raises(CorpusError, match=wrong):
            get_corpus("iemocap", write(folder), tmp_path / "target")
