from __future__ import annotations

import csv
from pathlib import Path

from erckit.conversation import Conversation, LabelledConversation, Prediction, Utterance
from erckit.readers import read_conversations
from erckit.writers import write_csv


def test_one_row_per_utterance_and_one_column_per_score(labelled: LabelledConversation, tmp_path: Path) -> None:
    write_csv([labelled], tmp_path / "out.csv")
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {
        "conversation": "c1", "id": "u1", "speaker": "Ann", "text": 'Really? "Yes", she said', "start": "1.5",
        "end": "2.25", "emotion": "joy", "predicted": "joy", "confidence": "0.750000", "calibrated": "true",
        "reason": "", "score_joy": "0.750000", "score_sad": "0.250000",
    }  # fmt: skip
    assert [row["predicted"] for row in rows] == ["joy", "sad", ""]
    assert rows[2]["reason"] == "no label reaches 0.6"


def test_our_reader_reads_it_without_the_predictions(labelled: LabelledConversation, tmp_path: Path) -> None:
    write_csv([labelled], tmp_path / "out.csv")
    (conversation,) = read_conversations(tmp_path / "out.csv").conversations
    wanted = [(u.id, u.speaker, u.text, u.label, u.start, u.end, {}) for u in labelled.conversation.utterances]
    assert [(u.id, u.speaker, u.text, u.label, u.start, u.end, u.extra) for u in conversation.utterances] == wanted


def test_conversations_with_different_labels(tmp_path: Path) -> None:
    items = [
        LabelledConversation(
            Conversation(label, (Utterance("u", "Ann", "hi"),)), (Prediction("u", label, {label: 1.0}, False),)
        )
        for label in ("a", "b")
    ]
    write_csv(items, tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0].endswith("score_a,score_b")
    assert lines[1].endswith("1.000000,")
    assert lines[2].endswith(",,1.000000")
