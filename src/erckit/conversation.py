"""Conversations, utterances and the predictions made for them: plain frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from erckit.errors import ErckitError


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message of a conversation.

    Args:
        id: Unique inside its conversation.
        speaker: Stable name of who said it; the same name is the same person unless it is generic.
        text: What was said.
        label: Gold label, or None where there is none (the utterance is context only).
        start: Seconds from the beginning of the recording or since the epoch, or None.
        end: Seconds, not before ``start``, or None.
        extra: Everything else the source said about it, kept as read.
    """

    id: str
    speaker: str
    text: str
    label: str | None = None
    start: float | None = None
    end: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Utterances in the order they were said.

    Args:
        id: Unique inside its corpus or file.
        utterances: At least one; ids unique.
        meta: What the source said about the conversation (show, season, topic, ...).

    Raises:
        ErckitError: No utterance, or an utterance id twice.
    """

    id: str
    utterances: tuple[Utterance, ...]
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.utterances:
            raise ErckitError(f"conversation '{self.id}' has no utterances; leave it out or add one.")
        seen: set[str] = set()
        for utterance in self.utterances:
            if utterance.id in seen:
                raise ErckitError(
                    f"conversation '{self.id}' has the utterance id '{utterance.id}' twice; "
                    "give each utterance its own id."
                )
            seen.add(utterance.id)

    def __len__(self) -> int:
        return len(self.utterances)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Distinct speakers in order of first appearance."""
        return tuple(dict.fromkeys(u.speaker for u in self.utterances))


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one utterance.

    Args:
        utterance_id: The utterance it is about.
        label: The label with the highest score, or None when the model abstained.
        scores: Score of every label of the label set, each in [0, 1], summing to 1; all 0 where the model wrote an
            answer that names no label.
        calibrated: Whether the scores were calibrated on held-out data.
        reason: Why the model abstained; empty when it did not.
        causal: Whether the prediction depends on nothing said after the utterance.
    """

    utterance_id: str
    label: str | None
    scores: Mapping[str, float]
    calibrated: bool
    reason: str = ""
    causal: bool = True

    @property
    def confidence(self) -> float:
        """The highest score, whether or not the model abstained."""
        return max(self.scores.values())


@dataclass(frozen=True, slots=True)
class LabelledConversation:
    """A conversation with one prediction per utterance, in the same order.

    Raises:
        ErckitError: Predictions and utterances do not match one to one.
    """

    conversation: Conversation
    predictions: tuple[Prediction, ...]

    def __post_init__(self) -> None:
        wanted = [u.id for u in self.conversation.utterances]
        if wanted != [p.utterance_id for p in self.predictions]:
            raise ErckitError(
                f"predictions of conversation '{self.conversation.id}' do not match its utterances one to one."
            )
