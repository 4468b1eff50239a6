"""``POST /v1/read``: a pasted or dropped transcript in, its conversations out."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from erckit.errors import FormatError
from erckit.server.guards.refusal import Refusal
from erckit.server.messages.answers import ReadAnswer
from erckit.server.messages.documented import errors
from erckit.server.messages.json_answer import json_answer
from erckit.server.messages.questions import ReadQuestion
from erckit.server.state import state_of

_UNPACKED = 10  # times the bytes of a body: what may come out of an archive
_FILES = 2_000
_ENTRIES = 200_000


def add_read_route(router: APIRouter) -> None:
    """Declare the route."""

    @router.post(
        "/v1/read", response_model=ReadAnswer, responses=errors(408, 413, 415, 422, 504), summary="Read a transcript"
    )
    async def read(question: ReadQuestion, request: Request) -> Response:
        """Find out a transcript's format and read its conversations. Nothing is labelled or kept."""
        content = _content(question)
        state = state_of(request)
        most = _UNPACKED * state.settings.limits.body_bytes
        async with state.reading:
            return json_answer(await run_in_threadpool(_read, _file_name(question.name), content, most))


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


def _read(name: str, content: bytes, most: int) -> dict[str, Any]:
    """What is answered; ``most`` bytes may be unpacked."""
    from erckit.readers.folder_tree import ReadLimits
    from erckit.readers.read_text import read_bytes

    try:
        report = read_bytes(name, content, limits=ReadLimits(most, most, _FILES, entries=_ENTRIES))
    except FormatError as error:
        raise Refusal(422, "unreadable", str(error)) from None
    return {
        "format": report.format,
        "conversations": [
            {
                "id": conversation.id,
                "utterances": [
                    {"id": said.id, "speaker": said.speaker, "text": said.text, "time": said.start}
                    for said in conversation.utterances
                ],
            }
            for conversation in report.conversations
        ],
        "skipped": [{"where": f"{name}:{one.line}", "reason": one.reason} for one in report.skipped],
        "notes": list(report.notes),
    }
