"""``erckit serve``: what it starts, and what it refuses to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from erckit.cli.main import main
from erckit.server.settings import ServerSettings

KEY = "k3y-of-at-least-16"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[ServerSettings]:
    """What would have been served."""
    found: list[ServerSettings] = []
    monkeypatch.delenv("ERCKIT_API_KEY", raising=False)
    monkeypatch.setattr("erckit.server.serve.serve", lambda settings, ready: found.append(settings))
    return found


def test_defaults(started: list[ServerSettings]) -> None:
    assert main(["serve"]) == 0
    (settings,) = started
    assert dict(settings.models) == {"everyday": "everyday"}
    assert (settings.host, settings.port, settings.memory, settings.keys) == ("127.0.0.1", 8000, None, ())
    assert settings.log_text is False


def test_options(started: list[ServerSettings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ERCKIT_API_KEY", f"shop:{KEY}1, desk:{KEY}2")
    model = tmp_path / "runs" / "seed-1"
    arguments = ["--model", "everyday", "--model", str(model), "--model", "mine=owner/name", "--host", "0.0.0.0"]
    limits = ["--port", "0", "--max-utterances", "9", "--max-requests", "7", "--timeout", "2.5"]
    other = ["--memory", "speakers", "--no-keep-text", "--allow-host", "mood.example", "--log-text"]
    assert main(["serve", *arguments, *limits, *other]) == 0
    (settings,) = started
    assert dict(settings.models) == {"everyday": "everyday", "seed-1": str(model), "mine": "owner/name"}
    assert (settings.host, settings.port, settings.memory, settings.keeps_text) == ("0.0.0.0", 0, "speakers", False)
    assert [key.namespace for key in settings.keys] == ["shop", "desk"]
    assert (settings.limits.utterances, settings.limits.in_flight, settings.limits.timeout_seconds) == (9, 7, 2.5)
    assert (settings.log_text, settings.allowed_hosts) == (True, {"mood.example"})


@pytest.mark.parametrize(
    ("arguments", "key", "code", "said"),
    [
        (["--host", "0.0.0.0"], "", 1, "ERCKIT_API_KEY"),
        ([], "short", 1, "secrets.token_urlsafe"),
        (["--model", "a/x", "--model", "b/x"], "", 2, "ID=b/x"),
        (["--model", "a b"], "", 1, "'a b' cannot be a model's id"),
        (["--port", "70000"], "", 2, "--port"),
        (["--timeout", "0"], "", 2, "--timeout"),
        (["--precision", "fp8"], "", 2, "'fp32'"),
        (["--hots", "x"], "", 2, "'--host'"),
    ],
)
def test_refusals_are_one_line(
    arguments: list[str],
    key: str,
    code: int,
    said: str,
    started: list[ServerSettings],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ERCKIT_API_KEY", key)
    assert main(["serve", *arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert said in captured.err
    assert started == []


@pytest.mark.process
@pytest.mark.parametrize("package", ["fastapi", "websockets"])
def test_a_missing_package_names_the_extra(package: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None\nfrom erckit.cli.main import main\nsys.exit(main(['serve']))"
    # The model is not reached: what is missing is told first.
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "pip install 'erckit[server]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_model_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--model", "evryday", "--port", "0", "--quiet"]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "'everyday'" in captured.err


@pytest.mark.process
def test_one_command_serves(trained_folder: Path) -> None:
    environment = {**os.environ, "ERCKIT_API_KEY": KEY}
    server = subprocess.Popen(
        [sys.executable, "-m", "erckit", "serve", "--model", f"tiny={trained_folder}", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), server.communicate(timeout=10)
        question: dict[str, Any] = {"conversations": [{"utterances": [{"speaker": "Ana", "text": "my secret is out"}]}]}
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {KEY}"}, timeout=20) as client:
            assert httpx.get(address).status_code == 401
            assert "erckit" in client.get("/").text
            answer = client.post("/v1/label", json=question).json()
            (said,) = answer["conversations"][0]["utterances"]
            assert sum(said["scores"].values()) == pytest.approx(1, abs=1e-5)
            assert set(said["scores"]) == {"Calm", "Cross", "Glad"}
            events = client.post(
                "/v1/stream", json={"utterances": [{"conversation": "c", "speaker": "Ana", "text": "my secret is out"}]}
            ).text
            assert f'"confidence":{said["confidence"]:.4f}'[:-1] in events
            explained = client.post("/v1/explain", json={"conversation": question["conversations"][0], "index": 0})
            assert explained.json()["label"] == said["label"]
    finally:
        time.sleep(0.1)
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate(timeout=20)
    assert server.returncode == 0
    assert "POST /v1/label 200" in errors
    assert "secret" not in errors
    assert KEY not in errors
    assert "Traceback" not in errors
