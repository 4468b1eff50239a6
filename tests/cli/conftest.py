"""A stand-in for the model, so that everything around it can be tested without weights."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import pytest

from erckit.conversation import Conversation, LabelledConversation, Prediction
from erckit.labels import LabelSet


class FakeLabeler:
    """Scores that depend on the text alone, through a checksum."""

    label_set = LabelSet(("Joyful", "Mad", "Neutral"), neutral="Neutral")
    temperature = 1.5
    causal = True
    history_scope = "all"
    name = "fake"
    truncated = 0
    memory = None
    max_utterance_tokens = 192

    def label(
        self,
        conversations: Sequence[Conversation],
        min_confidence: float | None = None,
        history: str = "conversation",
        **_: object,
    ) -> list[LabelledConversation]:
        return [
            LabelledConversation(c, tuple(self._predict(u.id, u.text, min_confidence) for u in c.utterances))
            for c in conversations
        ]

    def _predict(self, utterance_id: str, text: str, min_confidence: float | None) -> Prediction:
        best = zlib.crc32(text.encode("utf-8", "surrogatepass")) % 3
        scores = {label: 0.6 if i == best else 0.2 for i, label in enumerate(self.label_set.labels)}
        sure = min_confidence is None or min_confidence <= 0.6
        return Prediction(
            utterance_id, self.label_set.labels[best] if sure else None, scores, True, "" if sure else "low score"
        )


@pytest.fixture
def fake_labeler(monkeypatch: pytest.MonkeyPatch) -> FakeLabeler:
    """``erckit label`` with the fake model in this process."""
    labeler = FakeLabeler()
    monkeypatch.setattr("erckit.cli.label._load", lambda *_: labeler)
    return labeler
