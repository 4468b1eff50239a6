"""Run a server in this process: one address, and an end without a lost answer."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from erckit.errors import SettingError
from erckit.server.app import create_app
from erckit.server.settings import ServerSettings
from erckit.server.state import ServerState

LOG = logging.getLogger("erckit.server")
_LAST_SECONDS = 2  # for connections to close once everything is answered


def serve(settings: ServerSettings, ready: Callable[[str], None], app: Any = None) -> None:
    """Serve until the process is told to stop (SIGTERM, or Ctrl-C).

    Then new requests get 503, what was taken is answered, web sockets are closed, and the function returns. A second
    signal ends it at once.

    Args:
        settings: What to serve, and where.
        ready: Called with the address once requests are taken.
        app: A server that :func:`create_app` made of the settings; None makes one.

    Raises:
        SettingError: The address cannot be listened on.
    """
    listener = _listen(settings)
    try:
        app = create_app(settings) if app is None else app
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # its lines have paths, which hold names of speakers
            proxy_headers=False,
            server_header=False,
            # A message somewhat too large is answered; one that is far too large ends the connection.
            ws=WebSocketsSansIOProtocol,
            ws_max_size=4 * settings.limits.message_bytes,
            ws_max_queue=16,
            ws_per_message_deflate=False,
            # Longer than clients keep idle connections, so that none is closed under a request on its way.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_LAST_SECONDS,
        )
        logging.getLogger("uvicorn.error").addFilter(_is_no_refusal)
        server = _Server(config, app.state.erckit, lambda: ready(_address(settings.host, listener)))
        server.run(sockets=[listener])
    finally:
        listener.close()


class _Server(uvicorn.Server):
    """Comes to rest before it stops: it goes on listening, and says 503, while it answers what it has taken."""

    def __init__(self, config: uvicorn.Config, state: ServerState, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._state, self._ready = state, ready
        self._rest: asyncio.Task[None] | None = None
        self._is_told = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and tell the address."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop now."""
        if self._is_told and self._rest is None:
            self._rest = asyncio.create_task(self._come_to_rest())
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Come to rest at the first signal, stop at the second."""
        if self._is_told or not self.started:
            self.should_exit = self.force_exit = True
        self._is_told = True
        self._state.traffic.drain()  # at once: signals come in the thread of the event loop

    async def _come_to_rest(self) -> None:
        traffic = self._state.traffic
        if not await traffic.at_rest(self._state.settings.limits.drain_seconds):
            LOG.warning("stopped with %d requests unanswered", traffic.in_flight)
        self.should_exit = True


def _is_no_refusal(record: logging.LogRecord) -> bool:
    """Whether a line is none about a refused web socket, with which anybody without a key could fill the log."""
    return "without completing handshake" not in record.getMessage()


def _listen(settings: ServerSettings) -> socket.socket:
    where = f"{settings.host}:{settings.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            if sys.platform != "win32":  # there it would let two servers share a port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                # Connections take this on: one that takes nothing for so long is ended, whatever waits to be sent.
                most = int(1000 * settings.limits.timeout_seconds)
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, most)
            listener.bind(address)
            listener.listen(2048)
        except OSError:
            listener.close()
            raise
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingError(
            f"cannot listen on {where} ({reason}). Choose another --port, or --port 0 for a free one."
        ) from None
    return listener


def _address(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # every address of this machine: one to open
    return f"http://[{host.strip('[]')}]:{port}/" if ":" in host else f"http://{host}:{port}/"
