"""How many requests are taken at once, how long each may last, and how the server comes to rest."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from erckit.server.counters import Counters
from erckit.server.guards.access import key_of
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
        limits: ``in_flight``, ``in_flight_bytes``, ``timeout_seconds``, ``sockets`` and ``key_share`` are looked at.
        traffic: What is in flight.
        counters: Where that is shown.
        keys: How many API keys there are; where there are several, each has its share.
    """

    def __init__(self, app: ASGIApp, limits: Limits, traffic: Traffic, counters: Counters, keys: int = 0) -> None:
        self._app, self._limits, self._traffic, self._counters, self._keys = app, limits, traffic, counters, keys

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
        names = [name for name, _ in scope["headers"]]
        if b"content-length" in names and b"transfer-encoding" in names:
            # A proxy in front may believe the one and the server the other: the rest would be another's request.
            await refuse(scope, receive, send, _two_lengths())
            return
        limits, traffic, owner = self._limits, self._traffic, key_of(scope)
        size = _told_size(scope, limits.body_bytes)
        is_full = traffic.bytes + size > limits.in_flight_bytes and traffic.in_flight > 0
        own_bytes = traffic.bytes_of[owner] + size > limits.of_key(limits.in_flight_bytes, self._keys)
        if (
            is_full
            or traffic.in_flight >= limits.in_flight
            or (own_bytes and traffic.in_flight_of[owner] > 0)
            or traffic.in_flight_of[owner] >= limits.of_key(limits.in_flight, self._keys)
        ):
            await refuse(scope, receive, send, overloaded())
            return
        try:
            with traffic.request(owner, size):
                self._counters.in_flight.set(traffic.in_flight)
                await self._in_time(scope, receive, send)
        finally:
            self._counters.in_flight.set(traffic.in_flight)

    async def _in_time(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_read, has_begun, left = False, False, asyncio.Event()
        working, watching = asyncio.current_task(), None
        assert working is not None

        async def watched_receive() -> Message:
            nonlocal is_read, watching
            if is_read:
                await left.wait()
                return {"type": "http.disconnect"}
            message = await receive()
            if message["type"] == "http.disconnect":
                left.set()
            elif not message.get("more_body", False):
                is_read, watching = True, asyncio.create_task(watch())
            return message

        async def watch() -> None:
            """Give up what is done for a client that hung up before its answer began."""
            while (await receive())["type"] != "http.disconnect":
                pass
            left.set()
            if not has_begun:
                working.cancel()

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
        except asyncio.CancelledError:
            if not left.is_set() or has_begun:
                raise
            working.uncancel()
        finally:
            if watching is not None:
                watching.cancel()

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._traffic.draining.is_set():
            await refuse(scope, receive, send, _stopping())
            return
        traffic, owner = self._traffic, key_of(scope)
        own = self._limits.of_key(self._limits.sockets, self._keys)
        if traffic.sockets >= self._limits.sockets or traffic.sockets_of[owner] >= own:
            await refuse(scope, receive, send, overloaded())
            return
        try:
            with traffic.socket(owner):
                self._counters.sockets.set(traffic.sockets)
                await self._app(scope, receive, send)
        finally:
            self._counters.sockets.set(traffic.sockets)


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


def _two_lengths() -> Refusal:
    return Refusal(
        400, "bad_request", "send either Content-Length or Transfer-Encoding, not both.", {"Connection": "close"}
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
