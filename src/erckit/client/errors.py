"""What can go wrong when a server is asked."""

from __future__ import annotations

from erckit.errors import ErckitError


class ServerError(ErckitError):
    """A server that does not answer the question; the subclasses say why.

    Args:
        message: What the server said.
        status: HTTP status; 0 where there was no answer.
        code: The server's short name of the error.
    """

    def __init__(self, message: str, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code


class UnreachableError(ServerError):
    """Nobody answers at the address, or something that is no erckit server."""


class NotAllowedError(ServerError):
    """No API key, a wrong one, or one of another namespace (401, 403)."""


class NotFoundError(ServerError):
    """No such model or speaker (404)."""


class RefusedError(ServerError):
    """A request that is not as documented, or larger than allowed (400 to 499)."""


class OverloadedError(ServerError):
    """The server was busy or stopping at every attempt (429, 503)."""


def error_for(status: int, code: str, message: str) -> ServerError:
    """The error of a status."""
    kind = ServerError
    if status in (401, 403):
        kind = NotAllowedError
    elif status == 404:
        kind = NotFoundError
    elif status in (429, 503):
        kind = OverloadedError
    elif 400 <= status < 500:
        kind = RefusedError
    return kind(message, status, code)
