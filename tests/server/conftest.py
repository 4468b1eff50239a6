"""Clients of a server whose models are stand-ins."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient
from warm_python import WarmProcess, WarmPython

from erckit.server.guards.api_keys import parse_api_keys
from erckit.server.guards.limits import Limits
from erckit.server.settings import ServerSettings

ADDRESS = "http://127.0.0.1"
SCRIPT = Path(__file__).with_name("fake_server.py")

Start = Callable[..., TestClient]
Server = WarmProcess | subprocess.Popen[str]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fake_server", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fake_server"] = module
    spec.loader.exec_module(module)
    return module


fake_server = _load()


def _starting() -> Iterator[Start]:
    clients: list[Any] = []

    def make(keys: str = "", headers: dict[str, str] | None = None, **values: Any) -> TestClient:
        values = {"models": {"fake": "fake-folder", "other": "other-folder"}, "limits": Limits(), **values}
        running = fake_server.Running(ServerSettings(keys=parse_api_keys(keys), **values))
        client: Any = TestClient(running.app, base_url=ADDRESS, raise_server_exceptions=False, headers=headers or {})
        client.__enter__()
        client.server = running
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.server.labeler.open.set()
        client.__exit__(None, None, None)


@pytest.fixture
def start() -> Iterator[Start]:
    """``start(keys="", limits=Limits(...), **settings)``: a client of a new server; ``client.server`` is behind it."""
    yield from _starting()


@pytest.fixture(scope="session")
def shared() -> Iterator[TestClient]:
    """As ``client``, but one for all tests: for those that leave nothing behind and look at no count."""
    for start in _starting():
        yield start(memory="memory")


@pytest.fixture(scope="session")
def shared_with_key() -> Iterator[TestClient]:
    """One server for all tests that asks for a key."""
    for start in _starting():
        yield start(keys="k3y-of-at-least-16")


@pytest.fixture
def client(start: Start) -> TestClient:
    """A server without keys, with a memory that ends with the process."""
    return start(memory="memory")


@pytest.fixture(scope="session")
def unstarted() -> Any:
    """A server's application with a memory; whoever uses it begins and ends its lifespan."""
    return fake_server.Running(ServerSettings(models={"fake": "fake-folder"}, memory="memory")).app


@pytest.fixture(scope="session")
def scores_of() -> Callable[[str], dict[str, float]]:
    """The scores that the stand-in gives a text."""
    return fake_server.scores_of


@pytest.fixture(scope="session")
def body() -> Callable[..., dict[str, Any]]:
    """``body("hi", "ho", model=...)``: a request of one conversation for ``POST /v1/label``."""

    def make(*texts: str, **more: Any) -> dict[str, Any]:
        utterances = [{"speaker": ("Ana", "Ben")[n % 2], "text": text} for n, text in enumerate(texts)]
        return {"conversations": [{"utterances": utterances}], **more}

    return make


@pytest.fixture
def process(warm_python: WarmPython) -> Iterator[Callable[..., tuple[Server, str]]]:
    """``process(seconds=0.1, **settings)``: a server in a process of its own, and its address."""
    started: list[Server] = []

    def make(**settings: Any) -> tuple[Server, str]:
        values, pipe = json.dumps({"port": 0, **settings}), subprocess.PIPE
        server = warm_python.start(str(SCRIPT), values, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)
        started.append(server)
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert address.startswith("http://"), server.communicate(timeout=10)
        return server, address.rstrip("/")

    yield make
    for server in started:
        server.kill()
        server.communicate(timeout=10)
