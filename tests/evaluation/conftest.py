"""A corpus and a labeler small enough to check by hand."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from hand_labelled import HandLabelled

from erckit.conversation import Conversation, LabelledConversation, Prediction, Utterance
from erckit.errors import CorpusError, nearest
from erckit.labels import LabelSet

LABELS = LabelSet(("Glad", "Cross", "Neutral", "Blue"), neutral="Neutral")
REVERSED = LabelSet(tuple(reversed(LABELS.labels)), neutral="Neutral")


@dataclass(frozen=True)
class FakeProtocol:
    metric: str = "weighted_f1"


@dataclass(frozen=True)
class FakeCorpus:
    """As much of a corpus as an evaluation reads."""

    splits: dict[str, tuple[Conversation, ...]]
    name: str = "toy"
    mapping: str = ""
    version: str = "1"
    label_set: LabelSet = LABELS
    protocols: dict[str, FakeProtocol] = field(default_factory=dict)

    def split(self, name: str) -> tuple[Conversation, ...]:
        if name not in self.splits:
            raise CorpusError(f"corpus '{self.name}' has no split '{name}'. {nearest(name, self.splits)}")
        return self.splits[name]


@dataclass
class FakeLabeler(HandLabelled):
    """Predicts the gold label with a chance of one half, from its seed; remembers how it was called."""

    seed: int = 1
    scope: str = "all"
    name: str = "fake"
    label_set: LabelSet = REVERSED
    temperature: float | None = 1.5
    causal: bool = True
    tokens_processed: int = 100
    calls: list[dict[str, Any]] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "training": {"seed": self.seed, "teachers": ["/somewhere/else/teacher.json"]},
            "model": {"name": "emonet", "history": {"scope": self.scope, "order": "story"}},
        }

    def label(self, conversations: Any, **options: Any) -> list[LabelledConversation]:
        self.calls.append(options)
        rng = random.Random(self.seed)
        labelled = []
        for conversation in conversations:
            predictions = []
            for utterance in conversation.utterances:
                self.tokens_processed += len(utterance.text.split())
                gold = utterance.label if rng.random() < 0.5 else None
                top = gold or rng.choice(self.label_set.labels)
                scores = {label: 0.7 if label == top else 0.1 for label in self.label_set.labels}
                predictions.append(Prediction(utterance.id, top, scores, calibrated=True))
            labelled.append(LabelledConversation(conversation, tuple(predictions)))
        return labelled


@pytest.fixture
def corpus() -> FakeCorpus:
    rng = random.Random(0)

    def conversations(split: str, count: int) -> tuple[Conversation, ...]:
        return tuple(
            Conversation(
                f"{split}-{c}",
                (
                    *(
                        Utterance(f"u{u}", rng.choice("AB"), f"secret words {c} {u}", label=rng.choice(LABELS.labels))
                        for u in range(6)
                    ),
                    Utterance("context", "A", "no gold label here"),
                ),
            )
            for c in range(count)
        )

    return FakeCorpus(
        {"train": conversations("train", 3), "dev": conversations("dev", 4), "test": conversations("test", 20)}
    )


@pytest.fixture
def labeler() -> FakeLabeler:
    return FakeLabeler()
