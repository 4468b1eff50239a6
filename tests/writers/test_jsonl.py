from __future__ import annotations

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erckit.conversation import Conversation, LabelledConversation, Prediction, Utterance
from erckit.readers import read_conversations
from erckit.readers.clean_text import clean_text
from erckit.writers import write_jsonl


def test_predictions_stand_beside_the_fields_of_the_utterance(labelled: LabelledConversation, tmp_path: Path) -> None:
    write_jsonl([labelled], tmp_path / "out.jsonl")
    (row,) = map(json.loads, (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines())
    assert row["meta"] == {"topic": "x", "story": [1, 2, 3.5]}
    assert row["utterances"][0] == {
        "id": "u1", "speaker": "Ann", "text": 'Really? "Yes", she said', "emotion": "joy", "start": 1.5, "end": 2.25,
        "act": 3, "speakers": ["Ann", "Bob"],
        "predicted": "joy", "confidence": 0.75, "scores": {"joy": 0.75, "sad": 0.25}, "calibrated": True,
    }  # fmt: skip
    assert "emotion" not in row["utterances"][1]
    assert row["utterances"][2]["predicted"] is None
    assert row["utterances"][2]["reason"] == "no label reaches 0.6"


def test_reading_it_gives_the_same_conversation(labelled: LabelledConversation, tmp_path: Path) -> None:
    write_jsonl([labelled], tmp_path / "out.jsonl")
    assert read_conversations(tmp_path / "out.jsonl").conversations == (labelled.conversation,)


NAME = st.text(max_size=8).map(lambda t: clean_text(t) or "x")
UTTERANCE = st.builds(
    Utterance,
    id=st.just("u"),
    speaker=NAME,
    text=st.text(max_size=20).map(clean_text),
    label=st.none() | NAME,
    start=st.none() | st.floats(0, 1e6),
    extra=st.dictionaries(st.text(max_size=5).map("x".__add__), st.none() | st.text() | st.integers(), max_size=2),
)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(utterance=UTTERANCE, identifier=NAME, meta=st.dictionaries(st.text(max_size=5), st.text(), max_size=2))
def test_any_conversation_comes_back(
    tmp_path: Path, utterance: Utterance, identifier: str, meta: dict[str, str]
) -> None:
    conversation = Conversation(identifier, (utterance,), meta)
    item = LabelledConversation(conversation, (Prediction("u", "a", {"a": 1.0, "b": 0.0}, False),))
    write_jsonl([item], tmp_path / "out.jsonl")
    assert read_conversations(tmp_path / "out.jsonl").conversations == (conversation,)


def test_a_lone_surrogate_is_read_as_the_replacement_character(tmp_path: Path) -> None:
    """Half of a pair is no character: an answer that holds one could not be sent."""
    conversation = Conversation("c", (Utterance("u", "Ann", "hi", extra={"x": "\ud800"}),))
    item = LabelledConversation(conversation, (Prediction("u", "a", {"a": 1.0, "b": 0.0}, False),))
    write_jsonl([item], tmp_path / "out.jsonl")
    (found,) = read_conversations(tmp_path / "out.jsonl").conversations
    assert found.utterances[0].extra == {"x": "\ufffd"}
    assert found.utterances[0].text == "hi"
