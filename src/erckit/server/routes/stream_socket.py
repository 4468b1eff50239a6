"""``WS /v1/stream``: a web socket that answers every message as it comes."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from erckit.readers.clean_text import well_formed
from erckit.server.guards.access import key_of
from erckit.server.guards.guard import describe
from erckit.server.guards.refusal import Refusal, error_body
from erckit.server.messages.json_answer import to_json
from erckit.server.messages.questions import SocketQuestion
from erckit.server.messages.strict_json import strict_json
from erckit.server.messages.wrong_fields import wrong_fields
from erckit.server.state import ServerState, state_of
from erckit.server.streaming import answer_of, stream_key, streamed

LOG = logging.getLogger("erckit.server")
PROTOCOL = "erckit"
_UNANSWERED = 16  # messages of one socket that may wait for their answers; the next is read when one is answered
_GOING_AWAY, _NORMAL = 1001, 1000
Answers = asyncio.Queue[asyncio.Task[dict[str, Any]] | None]


def add_stream_socket_route(router: APIRouter) -> None:
    """Declare the route."""

    @router.websocket("/v1/stream")
    async def stream(socket: WebSocket) -> None:
        offered = socket.scope.get("subprotocols", [])
        await socket.accept(PROTOCOL if PROTOCOL in offered else None)
        answers: Answers = asyncio.Queue(_UNANSWERED)
        limits = state_of(socket).settings.limits
        writer = asyncio.create_task(_write(socket, answers, limits.timeout_seconds))
        try:
            code, reason = await _read(socket, state_of(socket), answers, writer)
            if not writer.done():
                await answers.put(None)
            await writer
            if code is not None:
                await socket.close(code, reason)
        except TimeoutError:
            # Who does not read gets no word of farewell either: it would wait behind the answers.
            LOG.info("a web socket that did not read its answers was given up")
        except (WebSocketDisconnect, RuntimeError) as error:
            # Sending to somebody who has left is a RuntimeError in some versions of Starlette.
            if isinstance(error, RuntimeError):
                LOG.debug("%s", describe(error, with_message=False))
        finally:
            writer.cancel()
            while not answers.empty():
                if (answer := answers.get_nowait()) is not None:
                    answer.cancel()


async def _read(
    socket: WebSocket, state: ServerState, answers: Answers, writer: asyncio.Task[None]
) -> tuple[int | None, str]:
    """Take messages until the client leaves, is silent for too long, or the server stops: why to close, if to close."""
    limits = state.settings.limits
    stopping = asyncio.create_task(state.traffic.draining.wait())
    try:
        while True:
            receiving = asyncio.create_task(socket.receive())
            done, _ = await asyncio.wait(
                {receiving, stopping, writer}, timeout=limits.idle_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if receiving not in done:
                receiving.cancel()
                if writer in done:
                    return None, ""
                return (_GOING_AWAY, "stopping") if stopping in done else (_NORMAL, "idle")
            message = receiving.result()
            if message["type"] == "websocket.disconnect":
                return None, ""
            text = message.get("text")
            content = text if text is not None else message.get("bytes") or b""
            answer = asyncio.create_task(_answer(socket, state, content))
            putting = asyncio.create_task(answers.put(answer))
            await asyncio.wait({putting, writer}, return_when=asyncio.FIRST_COMPLETED)
            if writer.done():
                putting.cancel()
                answer.cancel()
                return None, ""
            # The task's first step puts the job: messages of one socket stay in order.
            await asyncio.sleep(0)
    finally:
        stopping.cancel()


async def _write(socket: WebSocket, answers: Answers, seconds: float) -> None:
    """Send answers in order.

    Raises:
        TimeoutError: The client does not read: an answer could not be sent for so many seconds.
    """
    while (answer := await answers.get()) is not None:
        content = to_json(await answer).decode("utf-8")
        async with asyncio.timeout(seconds):
            await socket.send_text(content)


async def _answer(socket: WebSocket, state: ServerState, content: str | bytes) -> dict[str, Any]:
    """The answer to one message; whatever is wrong with it is told, and the socket goes on."""
    asked: SocketQuestion | None = None
    try:
        asked = _message(content, state.settings.limits.message_bytes)
        key = stream_key(state, asked.model, asked.remember)
        message = streamed(state, socket, asked, asked.namespace)
        async with asyncio.timeout(state.settings.limits.timeout_seconds):
            prediction = await state.worker.do(key, message, urgent=True, owner=key_of(socket.scope))
        return answer_of(asked, prediction)
    except Refusal as refusal:
        failed = error_body(refusal.code, refusal.message)
    except TimeoutError:
        failed = error_body("timeout", "no answer in time. Try again later.")
    except Exception as error:
        LOG.error("%s", describe(error, state.settings.log_text))
        failed = error_body("internal", "something went wrong in the server. Its log says where.")
    return failed if asked is None else {**failed, "conversation": asked.conversation, "id": asked.id}


def _message(content: str | bytes, most: int) -> SocketQuestion:
    size = len(content.encode("utf-8", "surrogatepass")) if isinstance(content, str) else len(content)
    if size > most:
        raise Refusal(413, "message_too_large", f"the message has {size:,} bytes; {most:,} are allowed.")
    try:
        return SocketQuestion.model_validate(well_formed(strict_json(content)))
    except ValidationError as error:
        raise Refusal(422, "invalid_request", wrong_fields(error.errors(include_input=False))) from None
