"""``POST /v1/read``: a pasted or dropped transcript in, its conversations out."""

from __future__ import annotations

import base64
import binascii

from fastapi import APIRouter, Request
from starlette.responses import Response

from erckit.server.guards.refusal import Refusal
from erckit.server.messages.answers import ReadAnswer
from erckit.server.messages.documented import errors
from erckit.server.messages.questions import ReadQuestion
from erckit.server.state import state_of


def add_read_route(router: APIRouter) -> None:
    """Declare the route."""

    @router.post(
        "/v1/read", response_model=ReadAnswer, responses=errors(408, 413, 415, 422, 504), summary="Read a transcript"
    )
    async def read(question: ReadQuestion, request: Request) -> Response:
        """Find out a transcript's format and read its conversations. Nothing is labelled or kept."""
        content = _content(question)
        read_conversations = await state_of(request).reading.read(_file_name(question.name), content)
        return Response(read_conversations, media_type="application/json")


def _content(question: ReadQuestion) -> bytes:
    if (question.text is None) == (question.base64 is None):
        raise Refusal(422, "invalid_request", "send either 'text' or 'base64'.")
    if question.text is not None:
        return question.text.encode("utf-8")
    try:
        return base64.b64decode(question.base64 or "", validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(422, "invalid_request", "'base64' is not base64 as RFC 4648 has it.") from None


def _file_name(name: str | None) -> str:
    """The last part of a name, of harmless characters: it says the format and stands in messages, no more."""
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in last if character.isprintable()).strip(". ") or "pasted"
