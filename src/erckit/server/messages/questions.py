"""What clients send: the bodies of requests."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from erckit.readers.clean_text import well_formed


def _whole(value: Any) -> Any:
    """1.0 is an integer in JSON, which has one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]
# What was said is answered whatever it holds; half an emoji, which cut texts end with, comes back as U+FFFD.
Text = Annotated[str, AfterValidator(well_formed)]
Speaker = Annotated[str, StringConstraints(max_length=256)]
ModelId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Namespace = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Time = Annotated[float, Field(allow_inf_nan=False, ge=-1e15, le=1e15)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

_ANA = {"speaker": "Ana", "text": "I got the job!"}
_BEN = {"speaker": "Ben", "text": "That is wonderful news."}


class Question(BaseModel):
    """A body: unknown keys are refused, values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _example(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": list(examples)})


class UtteranceQuestion(Question):
    """One message."""

    model_config = _example({"id": "u1", **_ANA})

    id: Name | None = Field(None, description="Unique in its conversation; u001, u002, ... where left out.")
    speaker: Speaker = Field(description="The same name is the same person.")
    text: Text = Field(description="What was said.")
    time: Time | None = Field(None, description="When: seconds since the epoch, or since the recording began.")


class ConversationQuestion(Question):
    """Messages in the order they were said."""

    model_config = _example({"id": "c1", "utterances": [_ANA, _BEN]})

    id: Name | None = Field(None, description="Unique in the request; made up where left out.")
    utterances: list[UtteranceQuestion] = Field(min_length=1)


class LabelQuestion(Question):
    """Conversations to label."""

    model_config = _example({"conversations": [{"id": "c1", "utterances": [_ANA, _BEN]}]})

    model: ModelId | None = Field(None, description="An id of /v1/models; the default where left out.")
    conversations: list[ConversationQuestion] = Field(min_length=1)
    namespace: Namespace | None = Field(None, description="Whose speakers; the key's own, or 'default'.")
    remember: bool | None = Field(
        None, description="Read and write the speaker memory; true where the server has one and this is left out."
    )
    min_confidence: Probability | None = Field(None, description="Below this score the label is null.")


class ReadQuestion(Question):
    """A transcript of any known format; exactly one of text and base64."""

    model_config = _example({"name": "chat.txt", "text": "Ana: I got the job!\nBen: That is wonderful news."})

    name: Name | None = Field(None, description="File name; its ending helps to recognise the format.")
    text: Text | None = Field(None, description="The transcript.")
    base64: str | None = Field(None, description="The file's bytes in base64, for binary formats.")


class ExplainedConversation(Question):
    """The conversation of an explanation; its id does not matter."""

    id: Name | None = None
    utterances: list[UtteranceQuestion] = Field(min_length=1)


class ExplainQuestion(Question):
    """An utterance, and the question which earlier ones mattered for its label."""

    model_config = _example({"conversation": {"utterances": [_ANA, _BEN]}, "index": 1})

    model: ModelId | None = Field(None, description="An id of /v1/models; the default where left out.")
    conversation: ExplainedConversation
    index: Annotated[int, BeforeValidator(_whole)] = Field(
        ge=0, description="Position of the utterance, counted from 0."
    )


class StreamedQuestion(Question):
    """The next message of a conversation."""

    model_config = _example({"conversation": "desk-17", **_ANA})

    conversation: Name = Field(description="Messages of one name are one conversation.")
    speaker: Speaker
    text: Text
    id: Name | None = Field(None, description="Given back with the answer; counted where left out.")
    time: Time | None = None


class SocketQuestion(StreamedQuestion):
    """A web socket message: the next message of a conversation, and where it belongs."""

    namespace: Namespace | None = None
    model: ModelId | None = None
    remember: bool | None = None


class StreamQuestion(Question):
    """Messages to label one after the other."""

    model_config = _example({"utterances": [{"conversation": "desk-17", **_ANA}, {"conversation": "desk-17", **_BEN}]})

    model: ModelId | None = Field(None, description="An id of /v1/models; the default where left out.")
    namespace: Namespace | None = None
    remember: bool | None = None
    utterances: list[StreamedQuestion] = Field(min_length=1)
