"""A server that misbehaves as told, and an engine without any model."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from erckit.prompting.engines.request import Completion, Failure, Request


class BadServer:
    """Answers each request as the next entry of ``script`` says; the last entry stays.

    Entries: ``"ok"``, ``"ok TEXT"``, a status, ``(status, headers)``, ``"slow"`` (never ends), ``"drip"`` (a byte
    now and then), ``"cut"`` (half an answer), ``"hang up"`` (none), or bytes (sent with status 200).
    """

    def __init__(self) -> None:
        self.script: list[Any] = ["ok"]
        self.seen: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    server.seen.append(body)
                    server.headers.append(dict(self.headers))
                    server.paths.append(self.path)
                    entry = server.script.pop(0) if len(server.script) > 1 else server.script[0]
                with contextlib.suppress(OSError):
                    server._answer(self, entry, body)

            def log_message(self, *arguments: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, entry: Any, body: dict[str, Any]) -> None:
        status, headers, data = 200, {}, b""
        if isinstance(entry, bytes):
            data = entry
        elif isinstance(entry, int):
            status, data = entry, b'{"error": {"message": "told to"}}'
        elif isinstance(entry, tuple):
            status, headers = entry
        elif entry in ("slow", "drip"):
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            for _ in range(100):
                if entry == "drip":
                    handler.wfile.write(b" ")
                    handler.wfile.flush()
                time.sleep(0.05)
            return
        elif entry == "hang up":
            handler.connection.close()
            return
        else:
            text = entry.partition(" ")[2] if entry.startswith("ok ") else f"words about {len(body['messages'])} things"
            answer = {"choices": [{"message": {"content": text}}], "usage": {"total_tokens": 10}}
            data = json.dumps(answer).encode()
        handler.send_response(status)
        length = len(data) + (50 if entry == "cut" else 0)
        for name, value in {"Content-Length": str(length), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)
        if entry == "cut":
            handler.wfile.flush()
            handler.connection.close()


@pytest.fixture
def server() -> Iterator[BadServer]:
    bad = BadServer()
    yield bad
    bad.close()


class FakeEngine:
    """Answers from a function of the request's user text; counts tries."""

    name = title = "fake"

    def __init__(self, answer: Callable[[str], str | Failure], at_once: int = 4) -> None:
        self.answer, self.at_once = answer, at_once
        self.asked: list[tuple[str, float]] = []

    def complete(
        self, requests: Sequence[Request], temperature: float, leave: Callable[[Request], float] | None = None
    ) -> Iterator[tuple[int, Completion | Failure]]:
        for place in reversed(range(len(requests))):  # in any order
            if leave is not None and leave(requests[place]) <= 0:
                return
            self.asked.append((requests[place].user, temperature))
            result = self.answer(requests[place].user)
            yield place, result if isinstance(result, Failure) else Completion(result, 10)


@pytest.fixture
def fake() -> type[FakeEngine]:
    return FakeEngine


@pytest.fixture
def cache_path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "answers.jsonl"
