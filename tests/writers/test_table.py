from __future__ import annotations

import csv
from pathlib import Path

import pytest

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


FORMULAS = (
    '=cmd|"/c calc"!A1', "+1", "-1+1", "@SUM(1)", " =1", "\t=1", "\uff1d1", "'=1", "''=1", "\u3000+1", "- well", "\v=1",
)  # fmt: skip


def _with_text(text: str) -> LabelledConversation:
    said = (Utterance(text, text, text, label=text),)
    return LabelledConversation(Conversation(text, said), (Prediction(text, text, {"a": 1.0}, False, text),))


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula_and_our_reader_gives_the_text_back(text: str, tmp_path: Path) -> None:
    write_csv([_with_text(text)], tmp_path / "out.csv")
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        row = list(csv.reader(file))[1]
    assert [cell for cell in row if cell.strip()[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20")] == []
    (read,) = read_conversations(tmp_path / "out.csv").conversations
    said = read.utterances[0]
    assert (read.id, said.id, said.speaker, said.text, said.label) == (text.strip(),) * 5


@pytest.mark.parametrize("text", ["'tis", "''", "a=1", "it's", "'", "a-b", "1"])
def test_other_cells_have_no_apostrophe_before_them(text: str, tmp_path: Path) -> None:
    write_csv([_with_text(text)], tmp_path / "out.csv")
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1][3] == text
    assert read_conversations(tmp_path / "out.csv").conversations[0].utterances[0].text == text


def test_formulas_can_be_left_as_they_are_and_so_is_an_apostrophe_of_somebody_else(tmp_path: Path) -> None:
    write_csv([_with_text("=1")], tmp_path / "out.csv", guard_formulas=False)
    assert "\n=1,=1,=1,=1," in (tmp_path / "out.csv").read_text(encoding="utf-8")
    (tmp_path / "theirs.csv").write_text("speaker,text\nAna,'=1\n", encoding="utf-8")
    assert read_conversations(tmp_path / "theirs.csv").conversations[0].utterances[0].text == "'=1"


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
