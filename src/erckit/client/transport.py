"""One HTTP question at a time, asked again when the server says that it is busy."""

from __future__ import annotations

import http.client
import ipaddress
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from erckit.client.errors import UnreachableError, error_for
from erckit.errors import SettingError

_BUSY = frozenset({429, 503})
_LONGEST_WAIT = 60.0
MOST_BYTES = 64_000_000  # of an answer; four times what a server's longest has


class Transport:
    """Sends JSON and reads JSON.

    Args:
        base_url: ``http://`` or ``https://`` address of the server.
        api_key: Sent with every question; never to another address: redirects are not followed.
        timeout: Seconds to wait for the server at every step.
        tries: How often a question is asked of a busy server, at least 1.
        sleep: How to wait between tries.

    Raises:
        SettingError: An address that is none, one to which a key would go in the clear, or no try.
    """

    def __init__(
        self, base_url: str, api_key: str | None, timeout: float, tries: int, sleep: Callable[[float], None]
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingError(f"'{base_url}' is no address of a server. Give one such as http://127.0.0.1:8000.")
        if api_key is not None and parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise SettingError(
                f"'{base_url}' would get the API key in the clear, for everybody on the way to read. Give an address "
                "that begins with https://."
            )
        if tries < 1:
            raise SettingError(f"the number of tries must be at least 1, got {tries}.")
        self._base, self._key = base_url.rstrip("/"), api_key
        self._timeout, self._tries, self._sleep = timeout, tries, sleep
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if _is_loopback(parts.hostname):
            handlers.append(urllib.request.ProxyHandler({}))  # a proxy cannot reach this machine's own address
        self._opener = urllib.request.build_opener(*handlers)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON.

        Raises:
            ServerError: One of its subclasses, by what went wrong.
        """
        for attempt in range(1, self._tries + 1):
            status, headers, content = self._once(method, path, body)
            if status in _BUSY and attempt < self._tries:
                self._sleep(_wait(headers.get("Retry-After"), attempt))
                continue
            return self._read(status, content)
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, body: Any) -> tuple[int, Any, bytes]:
        data = None if body is None else json.dumps(body, allow_nan=False).encode("utf-8")
        request = urllib.request.Request(f"{self._base}{path}", data, method=method)
        request.add_header("Accept", "application/json")
        if data is not None:
            request.add_header("Content-Type", "application/json")
        if self._key is not None:
            request.add_header("Authorization", f"Bearer {self._key}")
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                return response.status, response.headers, self._bounded(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, self._bounded(error)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise UnreachableError(
                f"no answer from {self._base} ({reason}). Check the address, and that 'erckit serve' runs there."
            ) from None

    def _bounded(self, response: Any) -> bytes:
        content: bytes = response.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise UnreachableError(f"the answer of {self._base} has more than {MOST_BYTES:,} bytes. Check the address.")
        return content

    def _read(self, status: int, content: bytes) -> Any:
        try:
            found = json.loads(content)
        except ValueError:
            found = None
        if 200 <= status < 300 and isinstance(found, dict):
            return found
        error = found.get("error") if isinstance(found, dict) else None
        if not isinstance(error, dict):
            raise UnreachableError(
                f"what answers at {self._base} is no erckit server (status {status}). Check the address.", status
            )
        raise error_for(status, str(error.get("code", "")), str(error.get("message", "")))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    # urllib would send the key along to wherever the redirect points.
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _wait(advice: str | None, attempt: int) -> float:
    """Seconds to wait: what the server advises, else twice as long each time."""
    try:
        seconds = float(advice or "")
    except ValueError:
        seconds = 0.5 * 2**attempt
    return min(max(seconds, 0.1), _LONGEST_WAIT)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
