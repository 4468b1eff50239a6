from __future__ import annotations

import re
from pathlib import Path

import pytest

from erckit.corpora import corpus_source, load_corpus
from erckit.corpora.empathetic_dialogues import EMOTION_WORDS
from erckit.errors import CorpusError

HEADER = "Dialog_ID,Type,Actor,Text\n"


def dialogue(name: str, *turns: str) -> str:
    rows = [f'{name},situation,none," The {name}, once. "']
    rows += [f'{name},utterance,{("speaker", "listener")[n % 2]},"{text}"' for n, text in enumerate(turns)]
    return "\n".join(rows) + "\n"


def write(folder: Path, below: str = "", **changed: str) -> Path:
    """A conversation of every emotion; the first three are in train, dev and test, the last has a second one."""
    texts = folder / below
    texts.mkdir(exist_ok=True)
    for number, word in enumerate(EMOTION_WORDS):
        text = HEADER + dialogue(f"hit:{100 - number}_conv:{number}", "Well, I was.", "Oh?", "Yes.")
        if word == EMOTION_WORDS[-1]:
            text += dialogue("hit:3_conv:7 (1)", "Hm.")
        (texts / f"{word}.csv").write_text(changed.get(word, text), encoding="utf-8")
    for name, conversation in (("valid", "hit:99_conv:1"), ("test", "hit:98_conv:2")):
        rows = ("conv_id,utterance_idx,prompt,utterance", f"{conversation},1,_comma_,so", "hit:1_conv:1,1,,", "")
        (folder / f"fixed_{name}.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


@pytest.mark.parametrize("below", ["", "empatheticdialogues_unannotated"])
def test_splits_and_the_one_label(tmp_path: Path, below: str) -> None:
    corpus = load_corpus("empathetic_dialogues", write(tmp_path, below))
    assert [c.id for c in corpus.split("dev")] == ["hit:99_conv:1"]
    assert [c.id for c in corpus.split("test")] == ["hit:98_conv:2"]
    train = corpus.split("train")
    assert [c.id for c in train[:2]] == ["hit:3_conv:7 (1)", "hit:69_conv:31"]
    assert (train[0].utterances[0].id, train[0].utterances[0].label) == ("3:7 (1)_1", "trusting")
    (angry,) = corpus.split("dev")
    assert [(u.id, u.speaker, u.text, u.label) for u in angry.utterances] == [
        ("99:1_1", "speaker", "Well, I was.", "angry"),
        ("99:1_2", "listener", "Oh?", None),
        ("99:1_3", "speaker", "Yes.", None),
    ]
    assert angry.meta == {"emotion": "angry", "situation": "The hit:99_conv:1, once."}
    assert set(angry.speakers) == corpus.anonymous_speakers


def test_both_licences_are_told() -> None:
    licence = corpus_source("empathetic_dialogues").licence
    assert re.match(r"CC BY 4\.0 .*ParlAI.*facebookresearch/EmpatheticDialogues.*CC BY-NC 4\.0$", licence)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEADER + dialogue("hit:1_conv:2"), r"conversation 'hit:1_conv:2': it has no utterances"),
        ("a,b\n1,2\n", r"row 1 has no 'Dialog_ID'"),
        (HEADER + "hit:1_conv:2,utterance\n", r"row 1 has no 'Actor'"),
    ],
)
def test_a_file_of_another_shape(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(CorpusError, match=rf"proud\.csv: {told}"):
        load_corpus("empathetic_dialogues", write(tmp_path, proud=text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (write(tmp_path) / "proud.csv").unlink()
    with pytest.raises(CorpusError, match=r"proud\.csv"):
        load_corpus("empathetic_dialogues", tmp_path)
