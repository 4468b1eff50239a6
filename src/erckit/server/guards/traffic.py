"""What the server has taken and not answered yet, and whether it takes more."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Traffic:
    """Requests and web sockets in flight."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.bytes = 0  # of the bodies of requests in flight, as told, or as many as there may be
        self.sockets = 0
        self.draining = asyncio.Event()
        self.in_flight_of: Counter[Hashable] = Counter()  # by key
        self.bytes_of: Counter[Hashable] = Counter()
        self.sockets_of: Counter[Hashable] = Counter()

    @contextmanager
    def request(self, owner: Hashable, size: int) -> Iterator[None]:
        """A request of a key in flight, with a body of so many bytes."""
        self._count_request(owner, 1, size)
        try:
            yield
        finally:
            self._count_request(owner, -1, -size)

    @contextmanager
    def socket(self, owner: Hashable) -> Iterator[None]:
        """An open web socket of a key."""
        self._count_socket(owner, 1)
        try:
            yield
        finally:
            self._count_socket(owner, -1)

    def _count_request(self, owner: Hashable, number: int, size: int) -> None:
        self.in_flight += number
        self.bytes += size
        self.in_flight_of[owner] += number
        self.bytes_of[owner] += size

    def _count_socket(self, owner: Hashable, number: int) -> None:
        self.sockets += number
        self.sockets_of[owner] += number

    def drain(self) -> None:
        """Take nothing more."""
        self.draining.set()

    async def at_rest(self, seconds: float) -> bool:
        """Wait until everything is answered and every socket closed, at most so long; whether it came to that."""
        end = time.monotonic() + seconds
        while self.in_flight or self.sockets:
            if time.monotonic() >= end:
                return False
            await asyncio.sleep(0.02)
        return True
