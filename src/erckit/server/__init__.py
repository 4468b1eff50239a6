"""The HTTP server: labels over HTTP, web sockets and server-sent events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from erckit.server.app import create_app as create_app
    from erckit.server.settings import ServerSettings as ServerSettings

__all__ = ["ServerSettings", "create_app"]


def __getattr__(name: str) -> Any:
    if name == "create_app":
        from erckit.server.app import create_app

        return create_app
    if name == "ServerSettings":
        from erckit.server.settings import ServerSettings

        return ServerSettings
    raise AttributeError(name)
