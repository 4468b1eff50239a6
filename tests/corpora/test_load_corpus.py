from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from erckit.corpora import CORPORA, corpus_source, load_corpus
from erckit.errors import CorpusError

SPLITS = ("train", "dev", "test")


def uniform(folder: Path, line: str | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    row = {
        "id": "s01_e01_c01",
        "utterances": [{"id": "u1", "speaker": "Ann", "text": "hi there", "emotion": "joyful"}],
        "meta": {"season": 1, "episode": 1, "scene": 1},
    }
    for split in SPLITS:
        (folder / f"{split}.jsonl").write_text((line or json.dumps({**row, "id": split})) + "\n")
    return folder


def test_names_and_unknown_names() -> None:
    assert {"emorynlp", "emorynlp_aligned"} <= set(CORPORA)
    assert all(corpus_source(name).name == name for name in CORPORA)
    with pytest.raises(CorpusError, match="Did you mean 'emorynlp'"):
        load_corpus("emorynpl")


def test_uniform_layout(tmp_path: Path) -> None:
    corpus = load_corpus("emorynlp", uniform(tmp_path / "a" / "b"))
    assert corpus == load_corpus("emorynlp", tmp_path)
    assert corpus.split("dev")[0].meta["story"] == [1, 1, 1]
    assert corpus.label_set.labels == ("joyful", "mad", "neutral", "peaceful", "powerful", "sad", "scared")
    assert corpus.label_set.neutral == "neutral"
    assert corpus.protocol("test").metric == "weighted_f1"
    assert corpus.protocol("test").remembered_splits == ("train",)
    assert {"#ALL#", "Both", "Guys", "The Guys", "Guy", "Woman", "Girl", "Man", "Waiter", "The Director"} <= (
        corpus.anonymous_speakers
    )
    assert "Monica Geller" not in corpus.anonymous_speakers
    with pytest.raises(CorpusError, match="Did you mean 'dev'"):
        corpus.split("devel")
    with pytest.raises(CorpusError, match="no protocol"):
        corpus.protocol("train")


def test_official_layout(tmp_path: Path) -> None:
    utterance = {
        "utterance_id": "s01_e02_c03_u001",
        "speakers": ["Ann", "Bob"],
        "transcript": " Hi. ",
        "tokens": [["Hi", "."]],
        "emotion": "Joyful",
    }
    scene = {"scene_id": "s01_e02_c03", "utterances": [utterance]}
    data = {"season_id": "x", "episodes": [{"episode_id": "s01_e02", "scenes": [scene]}]}
    for number, name in enumerate(("trn", "dev", "tst"), start=1):
        scene["scene_id"] = f"s01_e02_c0{number}"
        (tmp_path / f"emotion-detection-{name}.json").write_text(json.dumps(data))
    (conversation,) = load_corpus("emorynlp", tmp_path).splits["test"]
    assert conversation.id == "s01_e02_c03"
    assert conversation.meta["story"] == [1, 2, 3]
    (read,) = conversation.utterances
    assert (read.id, read.speaker, read.text, read.label) == ("s01_e02_c03_u001", "Ann", "Hi.", "joyful")
    assert read.extra == {"speakers": ["Ann", "Bob"]}
    scene["scene_id"] = "odd"
    (tmp_path / "emotion-detection-dev.json").write_text(json.dumps(data))
    with pytest.raises(CorpusError, match="not the official EmoryNLP layout"):
        load_corpus("emorynlp", tmp_path)


def test_reexport_layout(tmp_path: Path) -> None:
    for split in SPLITS:
        (tmp_path / f"EMORY_{split}.txt").write_text("Ann\thi\tJoyful\nBob\tyo\tSad\n\nAnn\tbye\tMad\n\n")
    conversations = load_corpus("emorynlp", tmp_path).splits["train"]
    assert [[u.label for u in c.utterances] for c in conversations] == [["joyful", "sad"], ["mad"]]
    assert "story" not in conversations[0].meta
    (tmp_path / "EMORY_dev.txt").write_text("Ann\thi\n")
    with pytest.raises(CorpusError, match=r"EMORY_dev\.txt:1: has 2 cells"):
        load_corpus("emorynlp", tmp_path)


def test_aligned_layout(tmp_path: Path) -> None:
    header = "Utterance,Speaker,Emotion,Scene_ID,Utterance_ID,Season,Episode,Start_Time,End_Time\n"
    row = "\"Hi, you\",\"['Ann', 'Bob']\",Joyful,{},2,1,15,00:00:03.5,00:00:05\n"
    for scene, split in enumerate(SPLITS, start=4):
        (tmp_path / f"emorynlp_{split}_final.csv").write_text(header + row.format(scene))
    (conversation,) = load_corpus("emorynlp_aligned", tmp_path).splits["train"]
    (utterance,) = conversation.utterances
    assert (conversation.id, utterance.id) == ("s01_e15_c04", "s01_e15_c04_u002")
    assert (utterance.speaker, utterance.text, utterance.label) == ("Ann", "Hi, you", "joyful")
    assert (utterance.start, utterance.end, utterance.extra) == (3.5, 5.0, {"speakers": ["Ann", "Bob"]})
    (tmp_path / "emorynlp_dev_final.csv").write_text("Utterance\nx\n")
    with pytest.raises(CorpusError, match="not the published csv layout"):
        load_corpus("emorynlp_aligned", tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("broken", "not JSON"),
        ('{"id": "a", "utterances": [{"text": "x", "emotion": "jolly"}]}', "'jolly', which the label set lacks"),
        ('{"id": "a", "utterances": [{"text": "x"}]}', "no gold label"),
    ],
)
def test_damaged_corpus_is_refused(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        load_corpus("emorynlp", uniform(tmp_path, line))


def test_one_damaged_line_is_refused(tmp_path: Path) -> None:
    uniform(tmp_path)
    with open(tmp_path / "dev.jsonl", "a") as file:
        file.write("broken\n")
    with pytest.raises(CorpusError, match=r"dev\.jsonl:2: it is not JSON"):
        load_corpus("emorynlp", tmp_path)


def test_where_it_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))
    with pytest.raises(CorpusError, match=r"erckit corpora get emorynlp"):
        load_corpus("emorynlp", tmp_path)
    uniform(tmp_path / "cache" / "corpora" / "emorynlp")
    assert len(load_corpus("emorynlp").splits) == 3
    uniform(tmp_path / "data" / "raw" / "emorynlp", line="broken")
    with pytest.raises(CorpusError, match="not JSON"):
        load_corpus("emorynlp")


def test_layouts_of_the_real_corpus_agree(data: Path) -> None:
    corpus, reexport = load_corpus("emorynlp", data / "emorynlp"), load_corpus("emorynlp", data / "raw" / "emorynlp")
    for split in SPLITS:
        assert [[(u.speaker, u.text, u.label) for u in c.utterances] for c in corpus.splits[split]] == [
            [(u.speaker, u.text, u.label) for u in c.utterances] for c in reexport.splits[split]
        ]
    source = corpus_source("emorynlp")
    official = next(layout for layout in source.layouts if layout.name == "official JSON")
    for split in ("dev", "test"):
        read = official.parse(data / "raw" / "emorynlp" / official.files[split], source.label_set)
        assert [(c.id, c.meta, [u.id for u in c.utterances]) for c in read] == [
            (c.id, c.meta, [u.id for u in c.utterances]) for c in corpus.splits[split]
        ]


def test_layouts_of_the_real_aligned_corpus_agree(data: Path) -> None:
    corpus = load_corpus("emorynlp_aligned", data / "emorynlp_aligned")
    assert corpus.splits == load_corpus("emorynlp_aligned", data / "raw" / "emorynlp_aligned").splits


def test_story_of_the_real_corpus_is_strictly_chronological(data: Path) -> None:
    for split in load_corpus("emorynlp", data / "emorynlp").splits.values():
        story = [c.meta["story"] for c in split]
        assert all(before < after for before, after in itertools.pairwise(story))


def test_a_layout_in_one_file_names_it_once(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"COSMIC pickle \(iemocap.pkl\);"):
        load_corpus("iemocap", tmp_path)
