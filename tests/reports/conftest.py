"""Invented labelled conversations."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from erckit.conversation import Conversation, LabelledConversation, Prediction, Utterance

LABELS = ("joyful", "mad", "neutral", "peaceful", "powerful", "sad", "scared")


def _labelled(
    said: Sequence[tuple[str, str]],
    name: str = "kitchen",
    labels: Sequence[str] = LABELS,
    starts: Sequence[float] | None = None,
    abstain_below: float = 0.0,
    calibrated: bool = True,
) -> LabelledConversation:
    """A conversation with made-up scores that are the same at every call."""
    rng = random.Random(0)
    utterances, predictions = [], []
    for i, (speaker, text) in enumerate(said):
        raw = [rng.random() ** 4 + 1e-3 for _ in labels]
        scores = {label: value / sum(raw) for label, value in zip(labels, raw, strict=True)}
        top = max(scores, key=lambda label: scores[label])
        unsure = scores[top] < abstain_below
        utterances.append(Utterance(f"u{i}", speaker, text, start=starts[i] if starts else None))
        predictions.append(
            Prediction(f"u{i}", None if unsure else top, scores, calibrated, "below 0.50" if unsure else "")
        )
    return LabelledConversation(Conversation(name, tuple(utterances)), tuple(predictions))


@pytest.fixture
def labelled() -> Callable[..., LabelledConversation]:
    return _labelled
