from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from erckit.errors import DownloadError
from erckit.storage.download import download

BODY = bytes(range(256)) * 2000
SHA = hashlib.sha256(BODY).hexdigest()


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []
        self.breaks = 0  # how many answers break off half way
        self.honours_range = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/file.bin"


class Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if self.path == "/missing":
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.honours_range else 0
        if start >= len(BODY):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(BODY)}")
            self.end_headers()
            return
        body = BODY[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.breaks > 0:
            self.server.breaks -= 1
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_whole_file_with_progress(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = download(server.url, tmp_path / "a" / "f.bin", SHA, report=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    assert [p.name for p in path.parent.iterdir()] == ["f.bin"]


def test_file_that_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    for _ in range(2):
        download(server.url, tmp_path / "f.bin", SHA)
    assert server.ranges == [None]


def test_broken_connection_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.breaks = 2
    assert download(server.url, tmp_path / "f.bin", SHA).read_bytes() == BODY
    assert server.ranges == [None, f"bytes={len(BODY) // 2}-", f"bytes={len(BODY) * 3 // 4}-"]


def test_part_of_an_earlier_run_is_continued(server: Server, tmp_path: Path) -> None:
    (tmp_path / "f.bin.part").write_bytes(BODY[:1000])
    assert download(server.url, tmp_path / "f.bin", SHA).read_bytes() == BODY
    assert server.ranges == ["bytes=1000-"]


def test_complete_part_is_taken(server: Server, tmp_path: Path) -> None:
    (tmp_path / "f.bin.part").write_bytes(BODY)
    assert download(server.url, tmp_path / "f.bin", SHA).read_bytes() == BODY


def test_part_of_another_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "f.bin.part").write_bytes(b"x" * 1000)
    assert download(server.url, tmp_path / "f.bin", SHA).read_bytes() == BODY
    assert server.ranges == ["bytes=1000-", None]


def test_server_without_ranges(server: Server, tmp_path: Path) -> None:
    server.honours_range = False
    (tmp_path / "f.bin.part").write_bytes(BODY[:1000])
    assert download(server.url, tmp_path / "f.bin", SHA).read_bytes() == BODY


def test_wrong_checksum_leaves_nothing(server: Server, tmp_path: Path) -> None:
    (tmp_path / "f.bin").write_bytes(b"old")
    with pytest.raises(DownloadError, match="not the pinned one"):
        download(server.url, tmp_path / "f.bin", "0" * 64)
    assert [p.name for p in tmp_path.iterdir()] == ["f.bin"]
    assert (tmp_path / "f.bin").read_bytes() == b"old"


def test_too_long_file_is_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="longer than"):
        download(server.url, tmp_path / "f.bin", None, size=100)


def test_errors_say_what_to_do(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"404.*--from"):
        download(server.url.replace("file.bin", "missing"), tmp_path / "f.bin", SHA)
    with pytest.raises(DownloadError, match=r"cannot be fetched.*--from"):
        download("http://127.0.0.1:9/x", tmp_path / "f.bin", SHA)
    with pytest.raises(DownloadError, match="only http"):
        download("file:///etc/passwd", tmp_path / "f.bin", SHA)
