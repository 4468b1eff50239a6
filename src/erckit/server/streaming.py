"""What a streamed message becomes, over web sockets and server-sent events alike."""

from __future__ import annotations

from typing import Any

from starlette.requests import HTTPConnection

from erckit.conversation import Prediction
from erckit.server.engine import StreamKey
from erckit.server.guards.refusal import Refusal
from erckit.server.messages.json_answer import label_fields
from erckit.server.messages.questions import SocketQuestion, StreamedQuestion
from erckit.server.messages.to_conversations import checked_speaker, checked_text
from erckit.server.state import ServerState, namespace_of


def stream_key(state: ServerState, model: str | None, remember: bool | None) -> StreamKey:
    """Which streams a message belongs to.

    Raises:
        Refusal: No such model, one that reads later utterances, or no memory.
    """
    name = state.models.find(model)
    if not state.models.labeler(name).causal:
        raise Refusal(
            422,
            "not_causal",
            f"the model '{name}' reads later utterances, too, so it cannot label one at a time. Use /v1/label.",
        )
    return StreamKey(name, state.remembers(remember))


def streamed(state: ServerState, connection: HTTPConnection, asked: StreamedQuestion, namespace: str | None) -> Any:
    """A message as the pool of streams takes it.

    Raises:
        Refusal: A text that is too long, or another namespace than the key's.
    """
    from erckit.labelling.stream.stream_state import StreamedUtterance

    return StreamedUtterance(
        conversation=asked.conversation,
        speaker=checked_speaker(asked.speaker),
        text=checked_text(asked.text, state.settings.limits, "the text"),
        id=asked.id,
        time=asked.time,
        namespace=namespace_of(connection, namespace),
    )


def answer_of(asked: StreamedQuestion | SocketQuestion, prediction: Prediction) -> dict[str, Any]:
    """The answer to one message."""
    return {"conversation": asked.conversation, "id": prediction.utterance_id, **label_fields(prediction)}
