"""Who may ask: the first thing every request and web socket meets."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from erckit.server.guards.api_keys import ApiKey, matching_key
from erckit.server.guards.refusal import Refusal, refuse
from erckit.server.settings import ServerSettings

OPEN_PATH = "/health"
KEY_PROTOCOL = b"erckit.key."
_HOST = re.compile(r"([a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Access:
    """Refuses whoever has no key, asks under another name, or comes from another site's page.

    Everything is closed but ``/health``: a route added later is closed as well. The key found is left in
    ``scope["erckit.key"]``.

    - With keys: ``Authorization`` must hold one. Browsers cannot set it on a web socket; there the sub-protocol
      ``erckit.key.`` followed by the key in base64url is taken, too.
    - Without: the ``Host`` must be a name of this machine. Otherwise a page of another site could have its own name
      point here and read the answers (DNS rebinding).
    - Always: a web socket or a changing request that a browser sends from another site's page is refused.

    Args:
        app: What is guarded.
        settings: Keys and host names.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass, or refuse it."""
        if scope["type"] not in ("http", "websocket") or scope["path"] == OPEN_PATH:
            await self._app(scope, receive, send)
            return
        try:
            scope["erckit.key"] = self._check(scope)
        except Refusal as refusal:
            await refuse(scope, receive, send, refusal)
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> ApiKey | None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        key = None
        if self._settings.keys:
            key = self._key(scope, headers)
            if key is None:
                raise _unauthorized(scope)
        elif _host_name(headers) not in self._settings.known_hosts:
            raise Refusal(
                403, "unknown_host", "the server does not go by this name. Start it with --allow-host NAME or a key."
            )
        if scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS:
            self._check_origin(headers)
        return key

    def _key(self, scope: Scope, headers: Mapping[bytes, bytes]) -> ApiKey | None:
        found = matching_key(self._settings.keys, headers.get(b"authorization", b""))
        if found is None and scope["type"] == "websocket":
            for protocol in headers.get(b"sec-websocket-protocol", b"").split(b","):
                if protocol.strip().startswith(KEY_PROTOCOL):
                    encoded = protocol.strip().removeprefix(KEY_PROTOCOL)
                    found = matching_key(self._settings.keys, b"Bearer " + _decoded(encoded))
        return found

    def _check_origin(self, headers: Mapping[bytes, bytes]) -> None:
        origin = headers.get(b"origin")
        if origin is None:  # no browser
            return
        try:
            parts = urlsplit(origin.decode("ascii"))
            netloc = parts.netloc.lower()
            plain = netloc.removesuffix(":443" if parts.scheme == "https" else ":80")
            is_own = parts.scheme in ("http", "https") and (
                netloc == headers.get(b"host", b"").decode("ascii").lower()
                # a port is another service: it has to be named with the host
                or plain in {host.lower() for host in self._settings.allowed_hosts}
            )
        except ValueError:
            is_own = False
        if not is_own:
            raise Refusal(403, "foreign_origin", "pages of other sites may not ask this server.")


def _host_name(headers: Mapping[bytes, bytes]) -> str:
    """Name in the ``Host`` header, in lower case; empty where it is neither a name nor an address."""
    host = _HOST.fullmatch(headers.get(b"host", b"").decode("latin-1").lower())
    return host[1] if host else ""


def _decoded(encoded: bytes) -> bytes:
    try:
        return base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))
    except (binascii.Error, ValueError):
        return b""


def _unauthorized(scope: Scope) -> Refusal:
    # A browser that is shown a Basic challenge asks for the key by itself. Programs, and the page's own requests,
    # get the other one.
    is_page = scope["type"] == "http" and not str(scope["path"]).startswith("/v1/")
    challenge = 'Basic realm="erckit: any name, the API key as password", charset="UTF-8"' if is_page else "Bearer"
    return Refusal(
        401,
        "unauthorized",
        "an API key is needed. Send it as 'Authorization: Bearer KEY'.",
        {"WWW-Authenticate": challenge},
    )


def key_of(scope: Mapping[str, Any]) -> ApiKey | None:
    """The key a request came with, or None where the server has no keys."""
    key: ApiKey | None = scope.get("erckit.key")
    return key
