"""Servers in processes of their own: how they stop, and what survives when they are killed."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

pytestmark = pytest.mark.process

NAMES = ("Adara", "Borodin", "Cyrus")
Process = Callable[..., tuple[subprocess.Popen[str], str]]


def _until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


def _gauge(address: str, name: str) -> float:
    with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} "))


def test_a_server_told_to_stop_answers_what_it_has_taken(process: Process, body: Any, tmp_path: Path) -> None:
    server, address = process(hold=str(tmp_path / "go-on"))
    kept = httpx.Client(base_url=address)  # a connection that is open already when the server is told to stop
    assert kept.get("/health").json() == {"status": "ok"}
    clients = [httpx.Client(base_url=address, timeout=20) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        # Different thresholds, so that they are not answered in one call.
        asked = [
            pool.submit(client.post, "/v1/label", json=body("hi", min_confidence=n / 10))
            for n, client in enumerate(clients)
        ]
        _until(lambda: _gauge(address, "erckit_in_flight") == 4)
        server.send_signal(signal.SIGTERM)
        _until(lambda: kept.get("/health").status_code == 503)
        refused = kept.post("/v1/label", json=body("late"))
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "stopping"
        assert int(refused.headers["Retry-After"]) >= 1
        assert not any(one.done() for one in asked)
        (tmp_path / "go-on").touch()
        assert [one.result().status_code for one in asked] == [200] * 4
    output, errors = server.communicate(timeout=10)
    assert server.returncode == 0
    assert output.strip() == "stopped"
    assert "Traceback" not in errors
    with pytest.raises(httpx.ConnectError):
        kept.get("/health")
    for client in (kept, *clients):
        client.close()


def test_a_socket_gets_its_answers_before_the_server_stops(process: Process) -> None:
    server, address = process(seconds=0.0)
    with connect(address.replace("http", "ws") + "/v1/stream") as stream:
        for n in range(5):
            stream.send(json.dumps({"conversation": "c", "speaker": "A", "text": str(n)}))
        first = json.loads(stream.recv(timeout=10))
        server.send_signal(signal.SIGTERM)
        rest = [json.loads(stream.recv(timeout=10)) for _ in range(4)]
        assert [one["id"] for one in (first, *rest)] == ["1", "2", "3", "4", "5"]
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
    server.communicate(timeout=10)
    assert server.returncode == 0


def test_what_takes_too_long_is_given_up(process: Process, body: Any) -> None:
    server, address = process(seconds=30, limits={"drain_seconds": 0.3})
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(httpx.post, f"{address}/v1/label", json=body("hi"), timeout=30)
        _until(lambda: _gauge(address, "erckit_in_flight") == 1)
        server.send_signal(signal.SIGTERM)
        began = time.monotonic()
        server.wait(timeout=25)
        assert time.monotonic() - began < 15
        with pytest.raises(httpx.HTTPError):
            asked.result().raise_for_status()


def test_a_second_signal_ends_it_at_once(process: Process, body: Any) -> None:
    server, address = process(seconds=5)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(httpx.post, f"{address}/v1/label", json=body("hi"), timeout=30)
        _until(lambda: _gauge(address, "erckit_in_flight") == 1)
        server.send_signal(signal.SIGINT)
        time.sleep(0.3)
        server.send_signal(signal.SIGINT)
        server.wait(timeout=4)


def test_a_large_message_ends_the_socket_only_when_it_is_far_too_large(process: Process) -> None:
    _, address = process()
    good = json.dumps({"conversation": "c", "speaker": "A", "text": "x"})
    with connect(address.replace("http", "ws") + "/v1/stream") as stream:
        stream.send("x" * 100_000)
        assert json.loads(stream.recv(timeout=10))["error"]["code"] == "message_too_large"
        stream.send(good)
        assert json.loads(stream.recv(timeout=10))["id"] == "1"
        with contextlib.suppress(ConnectionClosed):  # the server may leave while it is still being sent
            stream.send("x" * 2_000_000)
        with pytest.raises(ConnectionClosed):
            stream.recv(timeout=10)
    assert httpx.get(f"{address}/health").status_code == 200


def test_a_body_that_never_ends_is_a_timeout(process: Process) -> None:
    _, address = process(limits={"timeout_seconds": 0.4})
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        head = (
            f"POST /v1/label HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
        )
        line.sendall(head.encode() + b'{"conv')
        assert b" 408 " in line.recv(4096)


def test_a_client_that_leaves_frees_its_place(process: Process, body: Any) -> None:
    _, address = process(seconds=0.3, limits={"in_flight": 1})
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{address}/v1/label", json=body("hi"), timeout=0.1)
    _until(lambda: httpx.post(f"{address}/v1/label", json=body("hi"), timeout=10).status_code == 200)


def test_a_taken_port_is_told_in_one_line(process: Process) -> None:
    _, address = process()
    done = subprocess.run(
        [sys.executable, "-m", "erckit", "serve", "--port", address.rpartition(":")[2]],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("error: cannot listen on 127.0.0.1:")
    assert "--port" in done.stderr


@pytest.fixture
def real_process() -> Iterator[Process]:
    """``real_process(model, memory)``: ``erckit serve`` in a process of its own, and its address."""
    started: list[subprocess.Popen[str]] = []

    def make(model: Path, memory: Path) -> tuple[subprocess.Popen[str], str]:
        options = ["--model", f"tiny={model}", "--memory", str(memory), "--port", "0", "--precision", "fp32"]
        server = subprocess.Popen(
            [sys.executable, "-m", "erckit", "serve", "--quiet", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(server)
        assert server.stdout is not None
        address = server.stdout.readline().strip().rstrip("/")
        assert address.startswith("http://"), server.communicate(timeout=20)
        return server, address

    yield make
    for server in started:
        server.kill()
        server.communicate(timeout=10)


def _write_and_kill(server: subprocess.Popen[str], address: str, enough: int, streams: bool) -> list[tuple[str, str]]:
    """Three clients write until the server is killed; (speaker, text) of all that was acknowledged."""
    acknowledged: list[tuple[str, str]] = []

    def write(writer: int) -> None:
        with httpx.Client(base_url=address, timeout=30) as client, contextlib.suppress(httpx.HTTPError):
            for n in range(100_000):
                name, text = NAMES[writer], f"text {writer} {n}"
                if streams and n % 2:
                    question = {"utterances": [{"conversation": f"s{writer}", "speaker": name, "text": text}]}
                    answer = client.post("/v1/stream", json=question)
                    is_done = answer.status_code == 200 and "event: end" in answer.text
                else:
                    said = [{"speaker": name, "text": text}]
                    answer = client.post("/v1/label", json={"conversations": [{"utterances": said}]})
                    is_done = answer.status_code == 200
                if is_done:
                    acknowledged.append((name, text))

    writers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for one in writers:
        one.start()
    _until(lambda: len(acknowledged) >= enough, 100)
    server.kill()  # SIGKILL in the middle of writing
    for one in writers:
        one.join(20)
    server.communicate(timeout=10)
    return acknowledged


def _check_kept(again: subprocess.Popen[str], address: str, memory: Path, acknowledged: list[tuple[str, str]]) -> None:
    """What was acknowledged is told by a new server and lies in the store; what it forgets leaves no byte."""
    with httpx.Client(base_url=address, timeout=60) as client:
        answers = [client.get(f"/v1/speakers/{NAMES[n]}") for n in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3, answers[0].text
        told = {n: answer.json()["utterances"] for n, answer in enumerate(answers)}
        assert client.delete(f"/v1/speakers/{NAMES[0]}").json()["removed"] == told[0]
        assert client.get(f"/v1/speakers/{NAMES[0]}").status_code == 404
    again.terminate()
    again.communicate(timeout=20)
    assert again.returncode == 0

    from erckit.memory.store.open_store import open_store

    store = open_store(memory)
    for n in range(3):
        mine = {text for name, text in acknowledged if name == NAMES[n]}
        assert told[n] >= len(mine) > 0
        if n:
            (rows,) = store.last([NAMES[n]], 100_000)
            assert mine <= {row.text for row in rows}
    for path in memory.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"text 0 " not in content
            assert NAMES[0].encode() not in content


def test_what_was_acknowledged_survives_kill(process: Process, tmp_path: Path) -> None:
    pytest.importorskip("lancedb")
    memory = tmp_path / "memory"
    acknowledged = _write_and_kill(*process(memory=str(memory)), enough=30, streams=False)
    _check_kept(*process(memory=str(memory)), memory, acknowledged)


@pytest.mark.slow
def test_what_a_real_model_acknowledged_survives_kill(
    real_process: Process, trained_folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("lancedb")
    memory = tmp_path / "memory"
    acknowledged = _write_and_kill(*real_process(trained_folder, memory), enough=30, streams=True)
    _check_kept(*real_process(trained_folder, memory), memory, acknowledged)
