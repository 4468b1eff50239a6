from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from erckit.corpora import load_corpus
from erckit.errors import CorpusError

NAMES = ("valid_freq", "valid_rare", "test_freq", "test_rare")


def message(text: str, agent: int, sentiment: str) -> dict[str, Any]:
    return {"message": text, "agent": f"agent_{agent}", "sentiment": sentiment, "turn_rating": "Good"}


def write(folder: Path, **changed: Any) -> Path:
    for number, name in enumerate(NAMES):
        content = [message("So, bees? ", 1, "Curious to dive deeper"), message("Bees!\u000bYes.", 2, "Happy")]
        conversation = {"config": "B", "content": content, **changed}
        key = f"t_0000000{number}-aaaa-bbbb-cccc-dddddddd00f{number}"
        (folder / f"{name}.json").write_text(json.dumps({key: conversation}), encoding="utf-8")
    return folder


def test_both_parts_of_a_split(tmp_path: Path) -> None:
    corpus = load_corpus("topical_chat", write(tmp_path))
    first, second = corpus.split("dev")
    assert (first.id, first.meta) == (
        "t_00000000-aaaa-bbbb-cccc-dddddddd00f0",
        {"part": "valid_freq", "config": "B"},
    )
    assert second.meta["part"] == "valid_rare"
    assert [(u.id, u.speaker, u.text, u.label) for u in first.utterances] == [
        ("0000000000f0_0", "agent_1", "So, bees?", "curious to dive deeper"),
        ("0000000000f0_1", "agent_2", "Bees!Yes.", "happy"),
    ]
    assert len(corpus.split("test")) == 2
    assert set(first.speakers) == corpus.anonymous_speakers


def test_train_is_read_where_it_is_there(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(CorpusError, match=r"the split 'train' .* is not here: train\.jsonl? is not in"):
        load_corpus("topical_chat", tmp_path).split("train")
    train = {"t_12345678-a": {"config": "A", "content": [message("Hi", 1, "Neutral")]}}
    (tmp_path / "train.json").write_text(json.dumps(train), encoding="utf-8")
    assert len(load_corpus("topical_chat", tmp_path).split("train")) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([message("Hi", 1, "Bored")], "has the label 'bored', which the label set lacks"),
        ([{"message": "Hi"}], "KeyError: 'agent'"),
        ([], "it has no utterances"),
        ("Hi", "TypeError"),
    ],
)
def test_a_conversation_of_another_shape(tmp_path: Path, content: object, told: str) -> None:
    with pytest.raises(CorpusError, match=rf"valid_freq\.json: conversation 't_0.*0f0' is not as published \(.*{told}"):
        load_corpus("topical_chat", write(tmp_path, content=content))


def test_a_part_that_is_not_there_or_no_json(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "test_rare.json").write_text("{", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"test_rare\.json: is not JSON"):
        load_corpus("topical_chat", tmp_path)
    (tmp_path / "test_rare.json").unlink()
    with pytest.raises(CorpusError, match=r"test_rare\.json"):
        load_corpus("topical_chat", tmp_path)
