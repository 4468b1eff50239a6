"""Fetch one file over HTTP: resumed where it broke off, checked before it is used."""

from __future__ import annotations

import contextlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from erckit.errors import DownloadError
from erckit.storage.manifest import file_sha256

__all__ = ["download", "file_sha256"]

_CHUNK = 1 << 16
_ATTEMPTS = 4
_TIMEOUT_SECONDS = 30.0

Report = Callable[[int, int | None], None]


def download(
    url: str, path: Path | str, sha256: str | None, *, size: int | None = None, report: Report | None = None
) -> Path:
    """Fetch ``url`` to ``path``.

    What arrives goes to ``path`` + ``.part``; a later call continues there. Only a file with the right
    checksum is renamed to ``path``; if ``path`` already has it, nothing is fetched.

    Args:
        url: An http or https address.
        path: The file to make; missing parent folders are made.
        sha256: Its checksum, or None to accept what comes (the caller then checks the content).
        size: Its size in bytes where known; more than that is refused.
        report: Called with bytes so far and bytes in all (None where the server does not say).

    Returns:
        ``path``.

    Raises:
        DownloadError: The server cannot be reached or refuses, or the file is not the pinned one.
    """
    path = Path(path)
    if not url.startswith(("https://", "http://")):
        raise DownloadError(f"{url}: only http and https addresses can be fetched. Name a local folder with --from.")
    if path.is_file() and sha256 is not None and file_sha256(path) == sha256:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with _locked(part) as file:
        resumed = os.fstat(file.fileno()).st_size > 0
        _fetch(url, file, size, report)
        if sha256 is not None and file_sha256(part) != sha256 and resumed:
            # The first part may be of another version of the file: once more from the beginning.
            file.truncate(0)
            _fetch(url, file, size, report)
        actual = file_sha256(part)
        if sha256 is not None and actual != sha256:
            file.truncate(0)
            part.unlink(missing_ok=True)
            raise DownloadError(
                f"{url}: the file that came is not the pinned one (sha256 {actual[:12]}..., expected "
                f"{sha256[:12]}...). Try again; if it stays so, get the file elsewhere and pass its folder with --from."
            )
        os.fsync(file.fileno())
        os.replace(part, path)
    return path


@contextmanager
def _locked(part: Path) -> Iterator[IO[bytes]]:
    """The part file, open for appending; a second process that fetches the same file waits."""
    while True:
        with open(part, "ab") as file:
            with contextlib.suppress(ImportError, OSError):  # no locks on this platform or file system
                import fcntl

                fcntl.flock(file.fileno(), fcntl.LOCK_EX)
            # The one we waited for may have renamed the file we opened.
            if part.exists() and os.path.samestat(os.fstat(file.fileno()), part.stat()):
                yield file
                return


def _fetch(url: str, file: IO[bytes], size: int | None, report: Report | None) -> None:
    """Append what is missing to ``file``; a connection that breaks is taken up again a few times."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _fetch_rest(url, file, size, report)
            return
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == _ATTEMPTS:
                raise DownloadError(
                    f"{url}: the server answered {error.code} {error.reason}. Check your network or proxy, "
                    "or get the file elsewhere and pass its folder with --from."
                ) from None
        except (OSError, http.client.HTTPException) as error:
            if attempt == _ATTEMPTS:
                reason = getattr(error, "reason", None) or error
                raise DownloadError(
                    f"{url}: cannot be fetched ({reason}). Check your network or proxy and run the command again "
                    "(it continues where it stopped), or get the file elsewhere and pass its folder with --from."
                ) from None
        time.sleep(0.5 * attempt)


def _fetch_rest(url: str, file: IO[bytes], size: int | None, report: Report | None) -> None:
    file.seek(0, os.SEEK_END)
    have = file.tell()
    if size is not None and have >= size:
        if have == size:
            return
        file.truncate(0)
        have = 0
    request = urllib.request.Request(url, headers={"User-Agent": "erckit", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:
            # Nothing after what we have: either it is whole (the checksum will tell) or it is another file.
            if error.headers.get("Content-Range", "").endswith(f"/{have}"):
                return
            file.truncate(0)
            _fetch_rest(url, file, size, report)
            return
        raise
    with response:
        if have and response.status != 206:
            file.truncate(0)
            have = 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length and length.isdigit() else size
        while chunk := response.read(_CHUNK):
            have += len(chunk)
            if size is not None and have > size:
                file.truncate(0)
                raise DownloadError(f"{url}: is longer than the {size:,} bytes it should have. Do not use it.")
            file.write(chunk)
            if report is not None:
                report(have, total)
        file.flush()
        if total is not None and have < total:
            raise http.client.IncompleteRead(b"", total - have)
