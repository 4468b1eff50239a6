"""What the OpenAPI document says of errors."""

from __future__ import annotations

from typing import Any

from erckit.server.messages.answers import ErrorAnswer

_MEANINGS = {
    401: "No API key, or a wrong one.",
    403: "Another namespace than the key's, or a page of another site.",
    404: "No such model, speaker or utterance.",
    408: "The request was not complete in time.",
    413: "Too many bytes, conversations or utterances.",
    415: "Not JSON.",
    422: "Not as documented.",
    429: "The server is busy; Retry-After says for how many seconds.",
    500: "A defect of the server; its log says where.",
    503: "The server is stopping.",
    504: "No answer in time.",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that may answer these errors, and those every route may."""
    chosen = sorted({401, 403, 429, 500, 503, *statuses})
    return {status: {"model": ErrorAnswer, "description": _MEANINGS[status]} for status in chosen}
