"""The outermost layer: no error leaves without its form, every answer is counted, logged and has safe headers."""

from __future__ import annotations

import logging
import time
import traceback

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from erckit.server.counters import Counters
from erckit.server.guards.refusal import Refusal, refuse

LOG = logging.getLogger("erckit.server")
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_HEADERS = {
    b"cache-control": b"no-store",
    b"content-security-policy": API_POLICY.encode(),
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Guard:
    """Turns what nobody caught into a plain 500 and logs where it happened.

    The log has the route, never the path, which may hold a speaker's name; and of an error its kind and the places in
    the code, not its message, which may hold a text.

    Args:
        app: The whole application.
        counters: What is counted.
        log_text: Whether messages of errors go to the log.
    """

    def __init__(self, app: ASGIApp, counters: Counters, log_text: bool) -> None:
        self._app, self._counters, self._log_text = app, counters, log_text

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and see to it that it gets an answer."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def finished(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                message = {**message, "headers": _with_safe_headers(message.get("headers", ()))}
            elif message["type"] == "websocket.accept":
                status = 101
            elif message["type"] == "websocket.close" and not status:
                status = 403
            await send(message)

        try:
            await self._app(scope, receive, finished)
        except Exception as error:
            LOG.error("%s", describe(error, self._log_text))
            if not status:
                await refuse(
                    scope,
                    receive,
                    finished,
                    Refusal(500, "internal", "something went wrong in the server. Its log says where."),
                )
        finally:
            self._count(scope, status or 499, time.perf_counter() - began)  # 499: the client left first

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        method = scope.get("method", "WS")
        method = method if method in _METHODS or method == "WS" else "OTHER"
        self._counters.requests.labels(route, method, str(status)).inc()
        if scope["type"] == "http":
            self._counters.request_seconds.labels(route).observe(seconds)
        LOG.info("%s %s %d %.0f ms", method, route, status, 1000 * seconds)


def route_of(scope: Scope) -> str:
    """The route a request went to, as it was declared; a dash where it met none."""
    route = scope.get("route")
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    return path if isinstance(path, str) else "-"


def describe(error: BaseException, with_message: bool) -> str:
    """An error for the log: its kind and where it happened."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))
    message = f": {' '.join(str(error).split())[:500]}" if with_message else ""
    cause = f", from {type(error.__cause__).__name__}" if error.__cause__ is not None else ""
    return f"{type(error).__name__}{message}{cause} at {places}"


def _with_safe_headers(headers: object) -> list[tuple[bytes, bytes]]:
    given = [(bytes(name), bytes(value)) for name, value in headers]  # type: ignore[attr-defined]
    names = {name.lower() for name, _ in given}
    return [*given, *((name, value) for name, value in _HEADERS.items() if name not in names)]
