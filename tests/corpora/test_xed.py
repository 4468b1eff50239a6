from __future__ import annotations

import json
from pathlib import Path

import pytest

from erckit.corpora import load_corpus
from erckit.corpora.mappings import find_mapping, map_corpus
from erckit.corpora.xed import LABEL_SET, read_xed
from erckit.errors import CorpusError


def write(folder: Path, emotional: str, neutral: str = "9\tA lamp.\n") -> Path:
    (folder / "neu_en.txt").write_text(neutral, encoding="utf-8")
    path = folder / "en-annotated.tsv"
    path.write_text(emotional, encoding="utf-8")
    return path


def test_lines_are_joined_by_their_words(tmp_path: Path) -> None:
    emotional = "Oh , I 'm off !\t1\nOH I'M OFF\t7, 1\nA glad , glad day .\t5\nThe same\t6\n"
    splits = read_xed(write(tmp_path, emotional, "9\tThe same!\n9\tA lamp\t\t\t\n\t\t\n9\tA lamp.\n"), LABEL_SET)
    lines = {c.utterances[0].text: c for split in splits.values() for c in split}
    assert set(lines) == {"Oh I'm off!", "A glad glad day.", "A lamp"}
    joined = lines["Oh I'm off!"].utterances[0]
    assert (joined.label, joined.extra) == (None, {"labels": ["anger", "surprise"], "lines": 2})
    assert (lines["A glad glad day."].utterances[0].label, lines["A glad glad day."].meta) == ("joy", {"lang": "en"})
    lamp = lines["A lamp"].utterances[0]
    assert (lamp.label, lamp.speaker, lamp.extra) == ("neutral", "A", {"lines": 2})


@pytest.mark.parametrize("label", ["0", "9", "", "joy", "1,", "\u00b2"])
def test_a_label_that_does_not_exist(tmp_path: Path, label: str) -> None:
    path = write(tmp_path, f"Hi\t1\nYou\t{label}\n")
    with pytest.raises(CorpusError, match=r"en-annotated\.tsv:2: label '.*' is not a number from 1 to 8"):
        read_xed(path, LABEL_SET)


def test_a_neutral_file_of_another_shape(tmp_path: Path) -> None:
    path = write(tmp_path, "Hi\t1\n", "9\tYou\nMe\t0\n")
    with pytest.raises(CorpusError, match=r"neu_en\.txt:2: begins with 'Me', not with 9"):
        read_xed(path, LABEL_SET)
    (tmp_path / "neu_en.txt").unlink()
    with pytest.raises(CorpusError, match=r"neu_en\.txt"):
        read_xed(path, LABEL_SET)


def test_several_labels_in_the_uniform_form(tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        utterances = [
            {"id": "u1", "speaker": "A", "text": "Hi", "emotion": "joy"},
            {"id": "u2", "speaker": "A", "text": "No", "emotion": None, "emotions": ["fear", "trust"]},
        ]
        line = json.dumps({"id": split, "utterances": utterances})
        (tmp_path / f"{split}.jsonl").write_text(line, encoding="utf-8")
    corpus = load_corpus("xed", tmp_path)
    several = corpus.split("dev")[0].utterances[1]
    assert (several.label, several.extra) == (None, {"labels": ["fear", "trust"]})
    mapped = map_corpus(corpus, find_mapping(corpus.label_set.labels, "everyday"))
    assert mapped.split("dev")[0].utterances[1].extra["left_out_label"] == ["fear", "trust"]
