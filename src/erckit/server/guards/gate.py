"""How many requests are taken at once, how long each may last, and how the server comes to rest."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from erckit.server.counters import Counters
from erckit.server.guards.limits import Limits
from erckit.server.guards.refusal import Refusal, refuse
from erckit.server.guards.traffic import Traffic
from erckit.server.worker import overloaded

# Whoever watches the server must get an answer while it is full or coming to rest.
ALWAYS_ANSWERED = frozenset({"/health", "/metrics"})


class Gate:
    """Lets a bounded number of requests in; what is let in is answered, in time or with an error.

    Args:
        app: What is behind the gate.
        limits: ``in_flight``, ``timeout_seconds`` and ``sockets`` are looked at.
        traffic: What is in flight.
        counters: Where that is shown.
    """

    def __init__(self, app: ASGIApp, limits: Limits, traffic: Traffic, counters: Counters) -> None:
        self._app, self._limits, self._traffic, self._counters = app, limits, traffic, counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or refuse it."""
        if scope["type"] == "http" and scope["path"] not in ALWAYS_ANSWERED:
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._traffic.draining.is_set():
            await refuse(scope, receive, send, _stopping())
            return
        size = _told_size(scope, self._limits.body_bytes)
        is_full = self._traffic.bytes + size > self._limits.in_flight_bytes and self._traffic.in_flight > 0
        if is_full or self._traffic.in_flight >= self._limits.in_flight:
            await refuse(scope, receive, send, overloaded())
            return
        self._traffic.in_flight += 1
        self._traffic.bytes += size
        self._counters.in_flight.set(self._traffic.in_flight)
        try:
            await self._in_time(scope, receive, send)
        finally:
            self._traffic.in_flight -= 1
            self._traffic.bytes -= size
            self._counters.in_flight.set(self._traffic.in_flight)

    async def _in_time(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_read, has_begun = False, False

        async def watched_receive() -> Message:
            nonlocal is_read
            message = await receive()
            is_read = is_read or (message["type"] == "http.request" and not message.get("more_body", False))
            return message

        async def watched_send(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start" and not has_begun:
                has_begun = True
                if _is_event_stream(message):
                    clock.reschedule(None)  # its events have times of their own
            await send(message)

        try:
            async with asyncio.timeout(self._limits.timeout_seconds) as clock:
                await self._app(scope, watched_receive, watched_send)
        except TimeoutError:
            if not clock.expired() or has_begun:
                raise
            await refuse(scope, receive, send, _late(is_read, self._limits.timeout_seconds))

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._traffic.draining.is_set():
            await refuse(scope, receive, send, _stopping())
            return
        if self._traffic.sockets >= self._limits.sockets:
            await refuse(scope, receive, send, overloaded())
            return
        self._traffic.sockets += 1
        self._counters.sockets.set(self._traffic.sockets)
        try:
            await self._app(scope, receive, send)
        finally:
            self._traffic.sockets -= 1
            self._counters.sockets.set(self._traffic.sockets)


def _told_size(scope: Scope, most: int) -> int:
    """Bytes that a body may have: more than ``most`` will not be read."""
    headers = dict(scope["headers"])
    told = headers.get(b"content-length", b"")
    if told.isdigit():
        return min(int(told), most)
    return most if b"transfer-encoding" in headers else 0


def _is_event_stream(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream") for name, value in message["headers"]
    )


def _stopping() -> Refusal:
    return Refusal(
        503,
        "stopping",
        "the server is stopping. Try again in a moment.",
        {"Retry-After": "1", "Connection": "close"},
    )


def _late(is_read: bool, seconds: float) -> Refusal:
    if not is_read:
        return Refusal(
            408, "request_timeout", f"the request was not complete after {seconds:g} s.", {"Connection": "close"}
        )
    return Refusal(504, "timeout", f"no answer after {seconds:g} s. Send less at a time, or try again later.")
