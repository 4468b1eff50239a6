"""Say no before any route is reached, over HTTP or in a web socket's handshake."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from erckit.server.guards.refusal import Refusal, error_response


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
