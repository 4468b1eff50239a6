"""Bodies of a bounded size, whatever their headers say."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from erckit.server.guards.refusal import Refusal, refuse


class BodyLimit:
    """Refuses a body of more bytes than allowed with 413: at once where its length is told, else when it gets there.

    Args:
        app: Who reads the body.
        most: Bytes.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting the bytes of its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if not told.isdigit() or int(told) > self._most:
            await refuse(scope, receive, send, self._too_large())
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b"")) if message["type"] == "http.request" else 0
            if size > self._most:
                raise self._too_large()
            return message

        await self._app(scope, counted, send)

    def _too_large(self) -> Refusal:
        return Refusal(
            413,
            "body_too_large",
            f"the body has more than {self._most:,} bytes. Send fewer utterances at a time.",
            {"Connection": "close"},
        )
