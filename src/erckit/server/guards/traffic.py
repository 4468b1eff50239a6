"""What the server has taken and not answered yet, and whether it takes more."""

from __future__ import annotations

import asyncio
import time


class Traffic:
    """Requests and web sockets in flight."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.bytes = 0  # of the bodies of requests in flight, as told, or as many as there may be
        self.sockets = 0
        self.draining = asyncio.Event()

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
