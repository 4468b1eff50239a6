from __future__ import annotations

import pytest

from erckit.conversation import Conversation, LabelledConversation, Prediction, Utterance


@pytest.fixture
def labelled() -> LabelledConversation:
    """A conversation with everything an utterance can have, and three predictions, the last an abstention."""
    utterances = (
        Utterance("u1", "Ann", 'Really? "Yes", she said', "joy", 1.5, 2.25, {"act": 3, "speakers": ["Ann", "Bob"]}),
        Utterance("u2", "李雷", "\U0001f600 ok", extra={"id2": None}),
        Utterance("u3", "Ann", "", "sad"),
    )
    return LabelledConversation(
        Conversation("c1", utterances, {"topic": "x", "story": [1, 2, 3.5]}),
        (
            Prediction("u1", "joy", {"joy": 0.75, "sad": 0.25}, True),
            Prediction("u2", "sad", {"joy": 1 / 3, "sad": 2 / 3}, True),
            Prediction("u3", None, {"joy": 0.5, "sad": 0.5}, True, "no label reaches 0.6"),
        ),
    )
