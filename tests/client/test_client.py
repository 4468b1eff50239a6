"""What the client asks, and what it makes of the answers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from erckit.client import (
    Client,
    NotAllowedError,
    NotFoundError,
    OverloadedError,
    RefusedError,
    ServerError,
    UnreachableError,
)
from erckit.conversation import Conversation, Utterance
from erckit.errors import ErckitError, SettingError

TALK = Conversation("c1", (Utterance("a", "Ana", "hi", start=1.5), Utterance("b", "Ben", "ho")))
SCORES = {"Glad": 0.75, "Sad": 0.25}


def _said(identifier: str, label: str | None = "Glad", reason: str = "") -> dict[str, Any]:
    return {"id": identifier, "speaker": "x", "text": "x", "label": label, "confidence": 0.75, "scores": SCORES,
            "reason": reason}  # fmt: skip


def _labelled(*conversations: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [{"id": "c1", "utterances": one} for one in conversations]
    return {"model": "m", "labels": list(SCORES), "neutral": None, "calibrated": True, "conversations": rows,
            "seconds": 0.1}  # fmt: skip


def _error(code: str, message: str = "told.") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds the client would have waited."""
    found: list[float] = []
    monkeypatch.setattr("time.sleep", found.append)
    return found


def test_label(scripted: Any) -> None:
    scripted.answers = [(200, {}, _labelled([_said("a"), _said("b", None, "too low")]))]
    client = Client(scripted.address + "/", api_key="secret")
    (labelled,) = client.label(TALK, model="m", min_confidence=0.9, remember=False)
    assert labelled.conversation is TALK
    assert [one.label for one in labelled.predictions] == ["Glad", None]
    assert labelled.predictions[1].reason == "too low"
    assert labelled.predictions[0].scores == SCORES
    assert labelled.predictions[0].calibrated is True
    ((method, path, headers, question),) = scripted.asked
    assert (method, path, headers["authorization"]) == ("POST", "/v1/label", "Bearer secret")
    assert headers["content-type"] == "application/json"
    assert question == {
        "conversations": [
            {
                "id": "c1",
                "utterances": [
                    {"id": "a", "speaker": "Ana", "text": "hi", "time": 1.5},
                    {"id": "b", "speaker": "Ben", "text": "ho"},
                ],
            }
        ],
        "model": "m",
        "min_confidence": 0.9,
        "remember": False,
    }


def test_nothing_to_label_asks_nobody() -> None:
    assert Client("http://127.0.0.1:1").label([]) == []


@pytest.mark.parametrize(
    "answer", [_labelled(), _labelled([_said("a")]), _labelled([_said("b"), _said("a")]), _labelled([{}, {}])]
)
def test_answers_that_do_not_fit_are_errors(scripted: Any, answer: Any) -> None:
    scripted.answers = [(200, {}, answer)]
    with pytest.raises(ErckitError):
        Client(scripted.address).label(TALK)


def test_models_have_the_default_first(scripted: Any) -> None:
    row = {"labels": ["A", "B"], "neutral": "B", "causal": True, "calibrated": False, "styles": []}
    rows = [{"id": "x", "default": False, **row}, {"id": "y", "default": True, **row}]
    scripted.answers = [(200, {}, {"models": rows})]
    found = Client(scripted.address).models()
    assert [model.id for model in found] == ["y", "x"]
    assert found[0].label_set.labels == ("A", "B")
    assert found[0].label_set.neutral == "B"


def test_speakers(scripted: Any) -> None:
    row = {"speaker": "Ana / ?", "namespace": "shop", "model": "m", "utterances": 3, "conversations": 1,
           "first_time": 0.0, "last_time": 1.0, "mean_scores": SCORES, "label_counts": {"Glad": 3}, "biography": None,
           "something_new": 1}  # fmt: skip
    scripted.answers = [(200, {}, row), (200, {}, {"speaker": "Ana / ?", "namespace": "shop", "removed": 3})]
    client = Client(scripted.address)
    assert client.speaker("Ana / ?", namespace="shop").label_counts == {"Glad": 3}
    assert client.forget("Ana / ?", namespace="shop") == 3
    path = "/v1/speakers/Ana%20%2F%20%3F?namespace=shop"
    assert [(method, where) for method, where, _, _ in scripted.asked] == [("GET", path), ("DELETE", path)]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, NotAllowedError), (403, NotAllowedError), (404, NotFoundError), (413, RefusedError), (422, RefusedError),
        (429, OverloadedError), (503, OverloadedError), (500, ServerError), (504, ServerError),
    ],
)  # fmt: skip
def test_errors_have_types(scripted: Any, waits: list[float], status: int, kind: type[ServerError]) -> None:
    scripted.answers = [(status, {}, _error("some_code", "What to do."))]
    with pytest.raises(ServerError) as raised:
        Client(scripted.address, tries=2).health()
    assert type(raised.value) is kind
    assert (raised.value.status, raised.value.code, str(raised.value)) == (status, "some_code", "What to do.")
    assert len(scripted.asked) == (2 if status in (429, 503) else 1)


def test_a_busy_server_is_asked_again_after_the_time_it_says(scripted: Any, waits: list[float]) -> None:
    busy = _error("overloaded")
    scripted.answers = [
        (429, {"Retry-After": "7"}, busy),
        (503, {}, busy),
        (429, {"Retry-After": "99999"}, busy),
        (429, {"Retry-After": "-3"}, busy),
        (200, {}, {"status": "ok"}),
    ]
    assert Client(scripted.address).health() is True
    assert waits == [7.0, 2.0, 60.0, 0.1]


def test_it_gives_up(scripted: Any, waits: list[float]) -> None:
    scripted.answers = [(429, {"Retry-After": "1"}, _error("overloaded"))]
    with pytest.raises(OverloadedError):
        Client(scripted.address, tries=3).health()
    assert waits == [1.0, 1.0]


@pytest.mark.parametrize(
    "answer", [(200, {}, b"<html>"), (404, {}, b"nope"), (200, {}, []), (500, {}, {"error": "x"}), (200, {}, b"\xff")]
)
def test_what_is_no_erckit_server(scripted: Any, answer: Any) -> None:
    scripted.answers = [answer]
    with pytest.raises(UnreachableError, match="no erckit server"):
        Client(scripted.address).health()


def test_the_key_is_not_sent_elsewhere(scripted: Any) -> None:
    scripted.answers = [(302, {"Location": scripted.address + "/elsewhere"}, b"")]
    with pytest.raises(ServerError):
        Client(scripted.address, api_key="secret").health()
    assert [path for _, path, _, _ in scripted.asked] == ["/health"]


def test_nobody_there() -> None:
    with pytest.raises(UnreachableError, match="erckit serve"):
        Client("http://127.0.0.1:1", timeout=2).health()


@pytest.mark.parametrize("address", ["", "127.0.0.1:8000", "file:///etc/passwd", "ftp://x", "http://"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(SettingError):
        Client(address)


def test_a_proxy_is_not_asked_for_this_machine(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    scripted.answers = [(200, {}, {"status": "ok"})]
    assert Client(scripted.address).health() is True


@pytest.mark.process
def test_it_needs_nothing_but_python() -> None:
    code = (
        "import sys\nfrom erckit.client import Client\n"
        "names = {module.partition('.')[0] for module in sys.modules}\n"
        "print(sorted(name for name in names - set(sys.stdlib_module_names) if not name.startswith('_')))"
    )
    # -S leaves out all installed packages, erckit too
    source = Path(__file__).resolve().parents[2] / "src"
    environment = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "['erckit']"
