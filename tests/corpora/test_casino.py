from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from erckit.corpora import load_corpus
from erckit.corpora.mappings.mappings import find_mapping
from erckit.errors import CorpusError

HAPPY, SAD = "\U0001f642", "\u2639\ufe0f"


def write(folder: Path, *texts: str, **changed: Any) -> Path:
    people = {f"mturk_agent_{n}": {"outcomes": {"satisfaction": "Undecided"}} for n in (1, 2)}
    for number, split in enumerate(("train", "valid", "test")):
        logs = [{"text": text, "task_data": {}, "id": f"mturk_agent_{1 + i % 2}"} for i, text in enumerate(texts)]
        dialogue = {"dialogue_id": number, "chat_logs": logs, "participant_info": people, **changed}
        (folder / f"casino_{split}.json").write_text(json.dumps([dialogue]), encoding="utf-8")
    return folder


def test_emoticons_are_the_labels_and_not_in_the_texts(tmp_path: Path) -> None:
    texts = (f"Hi{HAPPY}{HAPPY}you ", "So  so.", HAPPY, f"{SAD} No", f"Well {SAD} fine {HAPPY}", "Submit-Deal")
    corpus = load_corpus("casino", write(tmp_path, *texts))
    (conversation,) = corpus.split("train")
    assert conversation.id == "casino_0"
    assert conversation.meta["satisfaction"] == {"mturk_agent_1": "Undecided", "mturk_agent_2": "Undecided"}
    assert [(u.id, u.text, u.label) for u in conversation.utterances] == [
        ("casino_0_0", "Hi you", "joy"),
        ("casino_0_1", "So so.", None),
        ("casino_0_3", "No", "sadness"),
        ("casino_0_4", "Well fine", None),
    ]
    assert conversation.utterances[1].extra == {}
    assert conversation.utterances[3].extra == {"text_published": texts[4], "labels": ["joy", "sadness"]}
    assert set(conversation.speakers) == corpus.anonymous_speakers


def test_the_mapping_marks_every_label_as_doubtful(tmp_path: Path) -> None:
    corpus = load_corpus("casino", write(tmp_path, f"Hi {HAPPY}"))
    mapping = find_mapping(corpus.label_set.labels, "everyday")
    assert mapping.doubtful == set(corpus.label_set.labels)
    assert not find_mapping(("anger", "joy"), "everyday").doubtful


@pytest.mark.parametrize(
    ("changed", "told"),
    [({"chat_logs": [{"text": "Hi"}]}, "KeyError: 'id'"), ({"chat_logs": []}, "no utterances"), ({"chat_logs": 3}, "")],
)
def test_a_dialogue_of_another_shape(tmp_path: Path, changed: dict[str, Any], told: str) -> None:
    with pytest.raises(CorpusError, match=rf"casino_train\.json: dialogue '0' is not as published \(.*{told}"):
        load_corpus("casino", write(tmp_path, **changed))
