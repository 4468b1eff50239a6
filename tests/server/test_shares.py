"""Nobody takes it all: shares of keys, bodies that are wrong throughout, half characters, clients that leave."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from erckit.client import Client
from erckit.errors import SettingError
from erckit.server.guards.limits import Limits

SOCKET = "ws://127.0.0.1/v1/stream"


def _limits(**values: Any) -> Limits:
    return replace(Limits(), **values)


def _until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if reached := condition():
            return reached
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


TWO_KEYS = "shop:k3y-of-at-least-16,desk:another-k3y-of-16"
SHOP, DESK = ({"Authorization": f"Bearer {key}"} for key in ("k3y-of-at-least-16", "another-k3y-of-16"))


def test_one_key_cannot_take_all_places(start: Any, body: Any) -> None:
    client = start(keys=TWO_KEYS, limits=_limits(in_flight=8, key_share=0.25))
    labeler = client.server.labeler
    labeler.open.clear()
    with ThreadPoolExecutor(6) as pool:
        greedy = [pool.submit(client.post, "/v1/label", json=body(f"hi {n}"), headers=SHOP) for n in range(2)]
        _until(lambda: client.server.state.traffic.in_flight == 2)
        assert client.post("/v1/label", json=body("more"), headers=SHOP).status_code == 429
        modest = pool.submit(client.post, "/v1/label", json=body("hi"), headers=DESK)
        _until(lambda: client.server.state.traffic.in_flight == 3)
        labeler.open.set()
        assert {one.result().status_code for one in (*greedy, modest)} == {200}


def test_one_key_cannot_take_all_sockets(start: Any) -> None:
    client = start(keys=TWO_KEYS, limits=_limits(sockets=4, key_share=0.25))
    with client.websocket_connect(SOCKET, headers=SHOP):
        with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect(SOCKET, headers=SHOP):
            pass
        assert denied.value.status_code == 429
        with client.websocket_connect(SOCKET, headers=DESK):
            pass


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/v1/label", {"conversations": [1] * 900_000}, 413),
        ("/v1/label", {"conversations": [{}] * 600_000}, 413),
        ("/v1/label", {"conversations": [{"utterances": [{}] * 600_000}]}, 413),
        ("/v1/label", {"conversations": [{"utterances": [{}] * 500}] * 64}, 413),
        ("/v1/label", {"conversations": [{"utterances": [{}] * 8}] * 64}, 422),
        ("/v1/label", {f"k{n}": 1 for n in range(150_000)}, 413),
        ("/v1/label", {f"k{n}": 1 for n in range(90_000)}, 422),
        ("/v1/label", {"conversations": [{"utterances": [{f"k{n}": 1 for n in range(90_000)}]}]}, 422),
        ("/v1/explain", {"conversation": {"utterances": [{}] * 600_000}, "index": 1}, 413),
        ("/v1/stream", {"utterances": [{}] * 600_000}, 413),
    ],
    ids=[
        "ones",
        "objects",
        "utterances",
        "too many together",
        "all wrong",
        "keys",
        "fewer keys",
        "keys inside",
        "explain",
        "stream",
    ],
)
def test_a_wrong_body_costs_no_more_than_a_right_one(shared: TestClient, path: str, content: Any, status: int) -> None:
    sent = json.dumps(content, separators=(",", ":")).encode()
    assert len(sent) <= 2_000_000
    began = time.process_time()
    answer = shared.post(path, content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert time.process_time() - began < 1.5  # seconds; 6 to 16 before the elements were counted first
    assert len(answer.content) < 2_000


@pytest.mark.parametrize("text", ["emoji \\ud83d", "\\udcf0", "\\ud83d\\ud83d"])
def test_half_an_emoji_is_no_error(shared: TestClient, text: str) -> None:
    said = f'{{"speaker": "A{text}", "text": "hi {text}"}}'
    json_type = {"Content-Type": "application/json"}
    for path, sent in (
        ("/v1/label", f'{{"conversations": [{{"id": "c{text}", "utterances": [{said}, {said}]}}]}}'),
        ("/v1/explain", f'{{"conversation": {{"utterances": [{said}, {said}]}}, "index": 1}}'),
        ("/v1/stream", f'{{"utterances": [{{"conversation": "c{text}", {said[1:]}]}}'),
        ("/v1/read", f'{{"name": "a{text}.txt", "text": "Ana: hi {text}"}}'),
    ):
        answer = shared.post(path, content=sent.encode(), headers=json_type)
        assert answer.status_code == 200, path
        assert "\ufffd" in answer.text or path == "/v1/explain"
    with shared.websocket_connect(SOCKET) as socket:
        socket.send_text(f'{{"conversation": "c{text}", {said[1:]}')
        assert "label" in socket.receive_json()


@pytest.mark.process
def test_two_lengths_are_refused(process: Any) -> None:
    _, address = process()
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(
            f"POST /v1/label HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode()
        )
        assert b" 400 " in line.recv(4096)


def _leave(address: str, body: Any) -> None:
    """Send a request and hang up at once."""
    host, port = address.removeprefix("http://").split(":")
    content = json.dumps(body).encode()
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(
            f"POST /v1/label HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
        time.sleep(0.02)


@pytest.mark.process
def test_nothing_is_done_for_clients_that_left(process: Any, body: Any) -> None:
    _, address = process(seconds=0.4)
    # Different thresholds, so that they are not answered in one call.
    for n in range(12):
        _leave(address, body("hi", min_confidence=n / 100))
    began = time.monotonic()
    assert httpx.post(f"{address}/v1/label", json=body("hi"), timeout=20).status_code == 200
    assert time.monotonic() - began < 2.5  # one call under way and its own; twelve would take 4.8 s
    _until(lambda: "erckit_in_flight 0.0" in httpx.get(f"{address}/metrics").text)


@pytest.mark.process
def test_a_socket_that_does_not_read_is_given_up(process: Any) -> None:
    _, address = process(limits={"timeout_seconds": 1.0, "sockets": 1, "idle_seconds": 60.0})
    host, port = address.removeprefix("http://").split(":")
    message = json.dumps({"conversation": "c", "speaker": "A", "text": "x" * 7_000, "id": "i" * 250})
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    line.connect((host, int(port)))
    with connect(address.replace("http", "ws") + "/v1/stream", sock=line, max_queue=1) as deaf:
        line.settimeout(0.2)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                for _ in range(50):
                    deaf.send(message)
            except Exception:
                break
            if "erckit_sockets 0.0" in httpx.get(f"{address}/metrics").text:
                break
        _until(lambda: "erckit_sockets 0.0" in httpx.get(f"{address}/metrics").text, 15)
    with connect(address.replace("http", "ws") + "/v1/stream") as other:
        other.send(json.dumps({"conversation": "d", "speaker": "A", "text": "x"}))
        assert "label" in json.loads(other.recv(timeout=10))


@pytest.mark.parametrize(
    ("origin", "is_taken"),
    [
        ("https://proxy.example", True),
        ("https://proxy.example:443", True),
        ("http://proxy.example:80", True),
        ("http://proxy.example:9999", False),
        ("https://other.example:8443", True),
        ("https://other.example", False),
    ],
)
def test_a_service_on_another_port_is_another_site(start: Any, body: Any, origin: str, is_taken: bool) -> None:
    client = start(allowed_hosts=frozenset({"proxy.example", "other.example:8443"}))
    answer = client.post("/v1/label", json=body("hi"), headers={"Origin": origin})
    assert answer.status_code == (200 if is_taken else 403)


@pytest.mark.process
def test_a_refused_socket_is_no_error_in_the_log(process: Any) -> None:
    server, address = process(keys=TWO_KEYS)
    for _ in range(3):
        with pytest.raises(InvalidStatus):
            connect(address.replace("http", "ws") + "/v1/stream")
    server.terminate()
    _, written = server.communicate(timeout=20)
    assert "handshake" not in written


@pytest.mark.parametrize("address", ["http://mood.example", "http://10.0.0.7:8000"])
def test_a_client_sends_no_key_in_the_clear(address: str) -> None:
    with pytest.raises(SettingError, match="https"):
        Client(address, api_key="k3y-of-at-least-16")
    Client(address)
