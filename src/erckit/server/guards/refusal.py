"""How the server says no: one form for every error, with nothing in it that the client did not send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "overloaded",
    503: "unavailable",
    504: "timeout",
}


class Refusal(HTTPException):
    """A request that is not answered.

    Args:
        status: HTTP status.
        code: Short name that programs can compare.
        message: What is wrong and what to do; never a path or a trace.
        headers: Further headers.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message, dict(headers or {}))
        self.code, self.message = code, message


def error_body(code: str, message: str) -> dict[str, Any]:
    """The body of every error."""
    # Half a surrogate pair, which a client can send in JSON, cannot be written as UTF-8.
    return {"error": {"code": code, "message": message.encode("utf-8", "replace").decode("utf-8")}}


def error_response(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as a response."""
    content = json.dumps(error_body(code, message))
    return Response(content, status, headers=dict(headers or {}), media_type="application/json")


def code_of(status: int) -> str:
    """Short name of a status that was raised without one."""
    return _CODES.get(status, "error")


async def refuse(scope: Scope, receive: Receive, send: Send, refusal: Refusal) -> None:
    """Answer a request, or the handshake of a web socket, with an error."""
    response = error_response(refusal.status_code, refusal.code, refusal.message, refusal.headers)
    if scope["type"] == "http":
        await response(scope, receive, send)
        return
    await receive()  # the handshake itself
    if "websocket.http.response" in scope.get("extensions", {}):
        await send(
            {
                "type": "websocket.http.response.start",
                "status": response.status_code,
                "headers": response.raw_headers,
            }
        )
        await send({"type": "websocket.http.response.body", "body": response.body})
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.code})
