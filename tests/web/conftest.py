"""A small stand-in for the server, and a real browser without a window."""

from __future__ import annotations

import hashlib
import http.server
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from erckit.reports.pages.svg_markers import marker_path
from erckit.reports.palette import label_styles
from erckit.web import PAGE_POLICY, page_files

LABELS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
WORDS = {
    "happy": "joy",
    "great": "joy",
    "hate": "anger",
    "stop": "anger",
    "scared": "fear",
    "sorry": "sadness",
    "what": "surprise",
}
THREE = ("joy", "neutral", "sadness")
LIMITS = {"body_bytes": 2_000_000, "conversations": 64, "utterances": 512, "characters": 8000, "explain_utterances": 64}


def scores_of(text: str, labels: tuple[str, ...] = LABELS) -> dict[str, float]:
    """Made-up scores: a word decides the label, the length of the text how sure it is; they sum to 1."""
    wanted = next((label for word, label in WORDS.items() if word in text.lower() and label in labels), "neutral")
    best = 0.4 + 0.05 * (len(text) % 11)
    rest = [1 + int(hashlib.sha256(f"{text}{label}".encode()).hexdigest()[:4], 16) for label in labels]
    left = sum(n for n, label in zip(rest, labels, strict=True) if label != wanted)
    return {label: best if label == wanted else (1 - best) * n / left for n, label in zip(rest, labels, strict=True)}


@dataclass
class Stub:
    """What the stand-in is told to do and what it was asked."""

    url: str = ""
    key: str | None = None
    failures: dict[str, list[tuple[int, dict[str, str], str]]] = field(default_factory=dict)
    latency: float = 0.0
    takes_sockets: bool = True
    limits: dict[str, int] = field(default_factory=lambda: dict(LIMITS))
    asked: list[tuple[str, Any]] = field(default_factory=list)
    streamed: list[dict[str, Any]] = field(default_factory=list)
    protocols: list[str] = field(default_factory=list)

    def fail(self, path: str, status: int, message: str | None, code: str = "stub", **headers: str) -> None:
        """Let the next request of ``path`` fail; without a message the body is no JSON."""
        body = "<html>broken" if message is None else json.dumps({"error": {"code": code, "message": message}})
        self.failures.setdefault(path, []).append((status, {k.replace("_", "-"): v for k, v in headers.items()}, body))

    def bodies(self, path: str) -> list[Any]:
        return [body for asked, body in self.asked if asked == path]


def _answer(path: str, body: Any, limits: dict[str, int]) -> dict[str, Any]:
    if path == "/v1/models":
        return {
            "models": [_model("everyday", LABELS, causal=True), _model("three", THREE, causal=False)],
            "limits": limits,
            "memory": False,
        }
    if path == "/v1/read":
        return _read(body["text"], body.get("name"))
    if path == "/v1/label":
        return {
            "model": body["model"],
            "labels": list(LABELS),
            "neutral": "neutral",
            "calibrated": True,
            "conversations": [
                {"id": one["id"], "utterances": [_labelled(u, body["model"]) for u in one["utterances"]]}
                for one in body["conversations"]
            ],
            "seconds": 0.01,
        }
    if path == "/v1/explain":
        said, index = body["conversation"]["utterances"], body["index"]
        scores = scores_of(said[index]["text"])
        effects = [
            {"id": u["id"], "effect": 0.3 / (index - i) * (-1) ** (index - i + 1)} for i, u in enumerate(said[:index])
        ]
        return {
            "label": max(scores, key=scores.__getitem__),
            "score": max(scores.values()),
            "effects": effects,
            "passes": index + 1,
        }
    raise KeyError(path)


def _model(name: str, labels: tuple[str, ...], causal: bool) -> dict[str, Any]:
    styles = [
        {"label": label, "code": s.code, "light": s.light, "dark": s.dark, "shape": marker_path(i)}
        for i, (label, s) in enumerate(label_styles(labels).items())
    ]
    return {
        "id": name,
        "labels": list(labels),
        "neutral": "neutral",
        "causal": causal,
        "calibrated": causal,
        "default": causal,
        "styles": styles,
    }


def _read(text: str, name: str | None) -> dict[str, Any]:
    conversations: list[dict[str, Any]] = []
    for n, block in enumerate(text.strip().split("\n\n"), start=1):
        rows = [line.partition(": ") for line in block.splitlines() if line.strip()]
        said = [
            {"id": f"u{i}", "speaker": who, "text": what, "time": None}
            for i, (who, _, what) in enumerate(rows, start=1)
        ]
        conversations.append({"id": f"{(name or 'pasted').partition('.')[0]}-{n}", "utterances": said})
    return {"format": "transcript", "conversations": conversations, "skipped": [], "notes": []}


def _labelled(utterance: dict[str, Any], model: str) -> dict[str, Any]:
    scores = scores_of(utterance["text"], LABELS if model == "everyday" else THREE)
    best = max(scores, key=scores.__getitem__)
    is_sure = "unsure" not in utterance["text"]
    return {
        **{k: utterance[k] for k in ("id", "speaker", "text")},
        "label": best if is_sure else None,
        "confidence": scores[best],
        "scores": scores,
        "reason": "" if is_sure else f"confidence {scores[best]:.2f} below 0.90",
    }


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: Stub
    files: dict[str, tuple[str, bytes]]

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.headers.get("Upgrade", "").lower() == "websocket":
            return self._stream()
        name = self.path.lstrip("/") or "index.html"
        if name in self.files:
            kind, content = self.files[name]
            return self._send(200, content, kind, {"Content-Security-Policy": PAGE_POLICY})
        return self._reply(None)

    def do_POST(self) -> None:
        return self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _reply(self, body: Any) -> None:
        stub = self.stub
        if stub.key and self.headers.get("Authorization") != f"Bearer {stub.key}":
            return self._send(401, b'{"error": {"code": "no_key", "message": "an API key is needed"}}')
        stub.asked.append((self.path, body))
        time.sleep(stub.latency)
        if stub.failures.get(self.path):
            status, headers, text = stub.failures[self.path].pop(0)
            return self._send(status, text.encode(), headers=headers)
        try:
            return self._send(200, json.dumps(_answer(self.path, body, stub.limits)).encode())
        except KeyError:
            return self._send(404, b'{"error": {"code": "not_found", "message": "no such address"}}')

    def _send(
        self, status: int, content: bytes, kind: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _stream(self) -> None:
        from websockets.frames import Opcode
        from websockets.http11 import Request
        from websockets.server import ServerProtocol

        protocol = ServerProtocol(subprotocols=["erckit"])
        lines = [f"GET {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers.items()), "", ""]
        protocol.receive_data("\r\n".join(lines).encode())
        (request,) = protocol.events_received()
        assert isinstance(request, Request)
        self.stub.protocols = [p.strip() for p in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        if self.stub.takes_sockets:
            protocol.send_response(protocol.accept(request))
        else:
            protocol.send_response(protocol.reject(503, "no sockets"))
        self.close_connection = True
        self._flush(protocol)
        while self.stub.takes_sockets and (data := self.connection.recv(65536)):
            protocol.receive_data(data)
            for frame in protocol.events_received():
                if getattr(frame, "opcode", None) is Opcode.TEXT:
                    protocol.send_text(json.dumps(self._streamed(json.loads(frame.data))).encode())
            self._flush(protocol)
            if protocol.close_expected():
                break

    def _streamed(self, message: dict[str, Any]) -> dict[str, Any]:
        time.sleep(self.stub.latency)
        if self.stub.failures.get("stream"):
            _, _, text = self.stub.failures["stream"].pop(0)
            return json.loads(text)
        self.stub.streamed.append(message)
        labelled = _labelled(message, message.get("model", "everyday"))
        return {
            "conversation": message["conversation"],
            **{k: labelled[k] for k in ("id", "label", "confidence", "scores")},
        }

    def _flush(self, protocol: Any) -> None:
        for data in protocol.data_to_send():
            if data:
                self.connection.sendall(data)


@pytest.fixture(scope="session")
def _serving() -> Iterator[tuple[str, type[_Handler]]]:
    handler = type("Handler", (_Handler,), {"files": dict(page_files()), "stub": Stub()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", handler
    server.shutdown()
    server.server_close()


@pytest.fixture
def stub(_serving: tuple[str, type[_Handler]]) -> Stub:
    """The stand-in, fresh for every test."""
    url, handler = _serving
    handler.stub = Stub(url)
    return handler.stub


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all tests."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    where = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if where is None:
        pytest.skip("no Chromium is installed")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=where, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@dataclass
class Opened:
    """An open page, and what must not happen on it."""

    page: Any
    hosts: set[str]
    complaints: list[str]


@pytest.fixture
def open_page(browser: Any, stub: Stub) -> Iterator[Callable[..., Any]]:
    """``open_page(width=..., theme=...)``: the page; at the end nothing went to another host and nothing complained."""
    opened: list[tuple[Any, Opened]] = []

    def make(width: int = 1280, theme: str = "light", allow: tuple[str, ...] = ()) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=theme, accept_downloads=True, reduced_motion="reduce"
        )
        context.set_default_timeout(20_000)  # other work may hold up the machine
        page = context.new_page()
        seen = Opened(page, set(), [])
        page.on("request", lambda request: seen.hosts.add(request.url.partition("?")[0]))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))

        def note(message: Any) -> None:
            if message.type in ("error", "warning") and not any(word in message.text for word in allow):
                seen.complaints.append(message.text)

        page.on("console", note)
        opened.append((context, seen))
        page.goto(stub.url)
        page.wait_for_selector("#model:not([disabled]), #error:not([hidden]), #key[open]")
        return page

    yield make
    for context, seen in opened:
        context.close()
        assert all(url.startswith((stub.url, f"blob:{stub.url}")) for url in seen.hosts), seen.hosts
        assert not seen.complaints
