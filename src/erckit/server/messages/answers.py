"""What the server sends: the bodies of answers, as the OpenAPI document describes them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_SCORES: dict[str, Any] = {"joy": 0.91, "sadness": 0.04, "neutral": 0.05}


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="A short name that programs can compare.")
    message: str = Field(description="What is wrong and what to do.")


class ErrorAnswer(BaseModel):
    """The body of every error."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"error": {"code": "unknown_model", "message": "no model 'x'. Known: everyday."}}]
        }
    )

    error: ErrorDetail


class LabelledUtterance(BaseModel):
    """An utterance with its label."""

    id: str
    speaker: str
    text: str
    label: str | None = Field(description="The label with the highest score; null where that is too low.")
    confidence: float = Field(ge=0, le=1, description="The highest score.")
    scores: dict[str, float] = Field(description="Label -> probability, summing to 1.")
    reason: str = Field(description="Why the label is null; else empty.")


class LabelledConversationAnswer(BaseModel):
    """A conversation with a label per utterance."""

    id: str
    utterances: list[LabelledUtterance]


class LabelAnswer(BaseModel):
    """Labelled conversations, in the order they came."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "everyday",
                    "labels": list(_SCORES),
                    "neutral": "neutral",
                    "calibrated": True,
                    "causal": True,
                    "conversations": [
                        {
                            "id": "c1",
                            "utterances": [
                                {
                                    "id": "u001",
                                    "speaker": "Ana",
                                    "text": "I got the job!",
                                    "label": "joy",
                                    "confidence": 0.91,
                                    "scores": _SCORES,
                                    "reason": "",
                                }
                            ],
                        }
                    ],
                    "seconds": 0.012,
                }
            ]
        }
    )

    model: str
    labels: list[str]
    neutral: str | None = Field(description="The label that means no emotion.")
    calibrated: bool = Field(description="Whether the scores were fitted to be read as probabilities.")
    causal: bool = Field(description="Whether no label depends on a later utterance.")
    conversations: list[LabelledConversationAnswer]
    seconds: float = Field(description="Time in the server, waiting included.")


class ReadUtterance(BaseModel):
    """An utterance of a transcript."""

    id: str
    speaker: str
    text: str
    time: float | None


class ReadConversation(BaseModel):
    """A conversation of a transcript."""

    id: str
    utterances: list[ReadUtterance]


class SkippedPart(BaseModel):
    """A part of a transcript that could not be read."""

    where: str
    reason: str


class ReadAnswer(BaseModel):
    """What a transcript holds."""

    format: str
    conversations: list[ReadConversation]
    skipped: list[SkippedPart]
    notes: list[str] = Field(description="What was assumed or changed while reading.")


class EffectAnswer(BaseModel):
    """What one earlier utterance did to the score."""

    id: str
    effect: float = Field(description="The score with it minus the score without it.")


class ExplainAnswer(BaseModel):
    """Which earlier utterances mattered."""

    label: str
    score: float
    effects: list[EffectAnswer]
    passes: int = Field(description="Times the model read the conversation: the cost.")


class StreamedAnswer(BaseModel):
    """The label of a streamed utterance."""

    conversation: str
    id: str
    label: str | None
    confidence: float
    scores: dict[str, float]


class LabelStyle(BaseModel):
    """How the page draws a label."""

    label: str
    code: str = Field(description="Two or three letters.")
    light: str = Field(description="Colour on a light ground.")
    dark: str = Field(description="Colour on a dark ground.")
    shape: str = Field(description="An SVG path, so that colour is not the only sign.")


class ModelAnswer(BaseModel):
    """A model that the server has."""

    id: str
    labels: list[str]
    neutral: str | None
    causal: bool = Field(description="Whether no label depends on a later utterance.")
    calibrated: bool
    default: bool
    styles: list[LabelStyle] = Field(description="In the order of the labels.")


class LimitsAnswer(BaseModel):
    """What one request may hold."""

    body_bytes: int
    conversations: int
    utterances: int
    characters: int
    explain_utterances: int


class ModelsAnswer(BaseModel):
    """The models of the server, its limits, and whether it remembers speakers."""

    models: list[ModelAnswer]
    limits: LimitsAnswer
    memory: bool


class SpeakerAnswer(BaseModel):
    """What the speaker memory knows of a speaker."""

    speaker: str
    namespace: str
    model: str
    utterances: int
    conversations: int
    first_time: float | None
    last_time: float | None
    mean_scores: dict[str, float]
    label_counts: dict[str, int]
    biography: str | None


class ForgottenAnswer(BaseModel):
    """How much was forgotten."""

    speaker: str
    namespace: str
    removed: int = Field(description="Utterances removed.")


class HealthAnswer(BaseModel):
    """Whether the server takes requests."""

    status: str
