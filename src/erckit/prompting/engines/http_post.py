"""One POST over HTTP that ends in time, whatever the server does."""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from erckit.errors import SettingError

_MOST_BYTES = 4_000_000
_CONNECT_SECONDS = 10.0


class HttpProblem(Exception):  # noqa: N818 - not an error of erckit: the caller tries again
    """No whole answer came; the message says why in a few words.

    Args:
        reason: Why.
        was_sent: Whether the request left, so that it may have cost something.
    """

    def __init__(self, reason: str, was_sent: bool) -> None:
        super().__init__(reason)
        self.was_sent = was_sent


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a server answered.

    Args:
        status: HTTP status.
        body: Whole.
        retry_after: Seconds the server asks to wait; 0 where it does not.
    """

    status: int
    body: bytes
    retry_after: float = 0.0


def checked_address(url: str) -> SplitResult:
    """The parts of an http or https address.

    Raises:
        SettingError: It is none, or carries a user name or password.
    """
    try:
        address = urlsplit(url)
        port_is_fine = address.port is None or 0 < address.port < 65536
        (address.hostname or "").encode("idna")  # what no look-up takes: empty parts, more than 63 letters
    except ValueError:
        raise SettingError(f"'{url}' is no address. Give http://host:port/v1 or https://host/v1.") from None
    if address.scheme not in ("http", "https") or not address.hostname or not port_is_fine:
        raise SettingError(f"'{url}' is no http or https address. Give http://host:port/v1 or https://host/v1.")
    if address.username or address.password or address.query or address.fragment:
        raise SettingError(
            f"the address of {address.hostname} carries a key or a query. Give host and path only; the key belongs "
            "into an environment variable."
        )
    if any(ord(c) <= 32 or ord(c) > 126 for c in url):
        raise SettingError("the address holds white space or other characters that no address has. Check it.")
    return address


def is_this_machine(host: str) -> bool:
    """Whether a connection to the host stays on this machine."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def http_post(url: str, body: bytes, headers: dict[str, str], seconds: float) -> HttpAnswer:
    """Send JSON, read the whole answer.

    A server that sends a byte now and then does not hold it up: when the time is over the connection is cut from
    this side. Redirects are not followed; proxies are not used.

    Args:
        url: An address that ``checked_address`` takes.
        body: JSON.
        headers: Besides content type and length.
        seconds: For everything together.

    Raises:
        HttpProblem: No connection, no whole answer in time, or more than 4 MB.
    """
    address = urlsplit(url)
    host, port = address.hostname or "", address.port
    deadline = time.monotonic() + seconds
    connection: http.client.HTTPConnection
    if address.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, port, timeout=min(seconds, _CONNECT_SECONDS), context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=min(seconds, _CONNECT_SECONDS))
    cutter: threading.Timer | None = None
    is_over = threading.Event()
    was_sent = False
    try:
        connection.connect()
        plug = connection.sock
        plug.settimeout(max(0.01, deadline - time.monotonic()))
        cutter = threading.Timer(max(0.01, deadline - time.monotonic()), _cut, (plug, is_over))
        cutter.daemon = True
        cutter.start()
        sent = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "erckit", **headers}
        was_sent = True
        connection.request("POST", address.path or "/", body, sent)
        answer = connection.getresponse()
        data = answer.read(_MOST_BYTES + 1)
        if is_over.is_set():
            raise TimeoutError
        if len(data) > _MOST_BYTES:
            raise HttpProblem(f"{host} answers more than {_MOST_BYTES // 1_000_000} MB", True)
        length = answer.getheader("Content-Length")
        if length and length.isdigit() and len(data) < int(length):
            raise HttpProblem(f"{host} cut the connection in the middle of its answer", True)
        return HttpAnswer(answer.status, data, _retry_after(answer.getheader("Retry-After")))
    except (OSError, http.client.HTTPException) as error:
        is_late = is_over.is_set() or time.monotonic() >= deadline
        raise HttpProblem(_reason(error, host, seconds, is_late), was_sent) from None
    finally:
        if cutter is not None:
            cutter.cancel()
        connection.close()


def _cut(plug: socket.socket, is_over: threading.Event) -> None:
    is_over.set()
    with contextlib.suppress(OSError):
        socket.socket.shutdown(plug, socket.SHUT_RDWR)  # wakes a read that waits, below TLS


def _reason(error: Exception, host: str, seconds: float, is_late: bool) -> str:
    if is_late or isinstance(error, TimeoutError):
        return f"{host} gave no whole answer within {seconds:g} seconds"
    if isinstance(error, ConnectionRefusedError):
        return f"{host} refuses the connection; is the server running at this address and port?"
    if isinstance(error, socket.gaierror):
        return f"the name {host} is not known; check the address and the network"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {host} is not valid: {error.verify_message}"
    if isinstance(error, (http.client.IncompleteRead, http.client.RemoteDisconnected, ConnectionError)):
        return f"{host} cut the connection in the middle of its answer"
    if isinstance(error, http.client.HTTPException):
        return f"{host} does not speak HTTP ({type(error).__name__})"
    return f"{host}: {error.strerror or error}" if isinstance(error, OSError) else f"{host}: {error}"


def _retry_after(value: str | None) -> float:
    """Seconds of a Retry-After header, given as a number or as a date; 0 for none or nonsense."""
    if not value:
        return 0.0
    with contextlib.suppress(ValueError):
        seconds = float(value)
        return seconds if 0 <= seconds < 1e6 else 0.0
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    return 0.0
