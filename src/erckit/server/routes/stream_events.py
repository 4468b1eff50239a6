"""``POST /v1/stream``: messages in, one server-sent event for each out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from erckit.server.guards.access import key_of
from erckit.server.guards.guard import describe
from erckit.server.guards.refusal import Refusal, error_body
from erckit.server.messages.answers import StreamedAnswer
from erckit.server.messages.documented import errors
from erckit.server.messages.json_answer import to_json
from erckit.server.messages.questions import StreamQuestion
from erckit.server.state import ServerState, state_of
from erckit.server.streaming import answer_of, stream_key, streamed

LOG = logging.getLogger("erckit.server")
_EVENT = {
    "type": "object",
    "properties": {"event": {"enum": ["prediction", "end", "error"]}, "data": {"type": "string"}},
    "required": ["event", "data"],
}
_EXAMPLE = (
    'event: prediction\ndata: {"conversation": "desk-17", "id": "1", "label": "joy", ...}\n\nevent: end\ndata: {}\n\n'
)


def add_stream_events_route(router: APIRouter) -> None:
    """Declare the route."""

    @router.post(
        "/v1/stream",
        response_class=Response,
        responses={
            200: {
                "description": "Events 'prediction' in the order of the messages, then 'end'; 'error' where it stops. "
                "The data of a prediction is a StreamedAnswer.",
                "model": StreamedAnswer,
                "content": {"text/event-stream": {"schema": _EVENT, "example": _EXAMPLE}},
            },
            **errors(404, 408, 413, 415, 422, 504),
        },
        summary="Label message after message, as server-sent events",
    )
    async def stream(question: StreamQuestion, request: Request) -> Response:
        """Label messages one after the other; the next request goes on where a conversation stopped.

        The web socket at the same address takes one message as JSON at a time, {"conversation", "speaker", "text"}
        and, if you like, "id", "time", "model", "namespace" and "remember", and answers each.
        """
        state = state_of(request)
        key = stream_key(state, question.model, question.remember)
        messages = [streamed(state, request, one, question.namespace) for one in question.utterances]
        # The first before the response begins: a server that is too busy can still say so with a status.
        owner = key_of(request.scope)
        first = await state.worker.do(key, messages[0], urgent=True, owner=owner)
        return StreamingResponse(_events(state, question, key, owner, messages, first), media_type="text/event-stream")


async def _events(
    state: ServerState, question: StreamQuestion, key: Any, owner: Any, messages: list[Any], first: Any
) -> AsyncIterator[bytes]:
    yield _event("prediction", answer_of(question.utterances[0], first))
    try:
        for asked, message in zip(question.utterances[1:], messages[1:], strict=True):
            async with asyncio.timeout(state.settings.limits.timeout_seconds):
                prediction = await state.worker.do(key, message, urgent=True, owner=owner)
            yield _event("prediction", answer_of(asked, prediction))
    except Refusal as refusal:
        yield _event("error", error_body(refusal.code, refusal.message))
    except TimeoutError:
        yield _event("error", error_body("timeout", "no answer in time. Try again later."))
    except Exception as error:
        LOG.error("%s", describe(error, state.settings.log_text))
        yield _event("error", error_body("internal", "something went wrong in the server. Its log says where."))
    else:
        yield _event("end", {})


def _event(name: str, data: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + to_json(data) + b"\n\n"
