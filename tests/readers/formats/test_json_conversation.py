from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from erckit.labels import LabelSet
from erckit.readers.formats.json_conversation import json_conversation, parse_json
from erckit.readers.source import BadConversationError


def read(value: Any, label_set: LabelSet | None = None) -> Any:
    return json_conversation(value, "fallback", label_set, Counter())


def test_every_field() -> None:
    conversation = read(
        {
            "id": 7,
            "topic": "x",
            "meta": {"season": 1},
            "utterances": [
                {"id": "a", "speaker": "Ann", "text": "hi\t", "emotion": "joy", "start": "1:02.5", "end": 63, "act": 2},
                {"speakers": ["Bob", "Cy"], "text": ""},
            ],
        }
    )  # fmt: skip
    first, second = conversation.utterances
    assert (conversation.id, conversation.meta) == ("7", {"topic": "x", "season": 1})
    assert (first.id, first.speaker, first.text, first.label, first.start, first.end) == (
        "a", "Ann", "hi", "joy", 62.5, 63.0,
    )  # fmt: skip
    assert first.extra == {"act": 2}
    assert (second.id, second.speaker, second.text, second.label) == ("u002", "Bob", "", None)
    assert second.extra == {"speakers": ["Bob", "Cy"]}


def test_label_key_and_fallback_id() -> None:
    conversation = read({"utterances": [{"text": "a", "label": "sad"}, {"text": "b", "emotion": None, "label": "x"}]})
    assert conversation.id == "fallback"
    assert [u.label for u in conversation.utterances] == ["sad", None]
    assert conversation.utterances[1].extra == {"label": "x"}


def test_repeated_and_missing_utterance_ids_are_unique() -> None:
    ids = ["a", "a", None, "u003", "a#2", ""]
    conversation = read({"utterances": [{"id": i, "text": "x"} for i in ids]})
    assert [u.id for u in conversation.utterances] == ["a", "a#3", "u003#2", "u003", "a#2", "u006"]


def test_unusable_times_are_kept_as_they_stand() -> None:
    (utterance,) = read({"utterances": [{"text": "x", "start": "soon", "end": True}]}).utterances
    assert (utterance.start, utterance.end, utterance.extra) == (None, None, {"start": "soon", "end": True})


def test_predictions_of_an_earlier_run_are_left_out() -> None:
    prediction = {"predicted": "joy", "scores": {"joy": 1.0}, "confidence": 1.0, "calibrated": True, "reason": ""}
    assert read({"utterances": [{"text": "x", **prediction}]}).utterances[0].extra == {}
    assert read({"utterances": [{"text": "x", "reason": "mine"}]}).utterances[0].extra == {"reason": "mine"}


LABELS = LabelSet(("joyful", "sad"))


def test_label_of_another_case_is_the_label() -> None:
    assert read({"utterances": [{"text": "x", "emotion": "Joyful"}]}, LABELS).utterances[0].label == "joyful"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "a list, not an object"),
        ("x", "a string, not an object"),
        (None, "null, not an object"),
        (3, "a number, not an object"),
        ({}, "no list of 'utterances'"),
        ({"utterances": {}}, "no list of 'utterances'"),
        ({"utterances": []}, "no utterances"),
        ({"utterances": ["x"]}, "utterance 1 is a string"),
        ({"utterances": [{"text": "a"}, {"speaker": "b"}]}, "utterance 2 has no text"),
        ({"utterances": [{"text": 3}]}, "int 3 as its text"),
        ({"utterances": [{"text": "a", "label": ["x"]}]}, "as its label"),
        ({"utterances": [{"text": "a", "label": "joyfull"}]}, "did you mean 'joyful'"),
    ],
)
def test_bad_conversations(value: Any, reason: str) -> None:
    with pytest.raises(BadConversationError, match=reason):
        read(value, LABELS)


def test_deep_nesting_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    with pytest.raises(BadConversationError, match="nested deeper"):
        read({"utterances": [{"text": "a", "x": deep}]})


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": NaN}', "-Infinity", "-1e999", "9" * 5000, "", "{", "\ufeff{}"])
def test_json_that_cannot_be_held(text: str) -> None:
    with pytest.raises(BadConversationError):
        parse_json(text)
