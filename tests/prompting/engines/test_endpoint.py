"""The endpoint engine against servers that are slow, refuse, cut, or answer nonsense."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from erckit.errors import AnnotationError, SettingError
from erckit.prompting.engines.answer_cache import AnnotationCache
from erckit.prompting.engines.budget import Budget, BudgetSettings
from erckit.prompting.engines.endpoint import EndpointEngine
from erckit.prompting.engines.request import Completion, Failure, Request
from erckit.prompting.engines.write_all import write_all


def _request(user: str = "hello") -> Request:
    return Request("test/1", "Be brief.", user, 20, lambda text: text.strip())


def _one(server: Any, timeout: float = 5.0, **options: Any) -> Completion | Failure:
    engine = EndpointEngine(server.url, "m", timeout=timeout, **options)
    ((place, result),) = engine.complete([_request()], 0.0)
    assert place == 0
    return result


def test_what_is_sent_and_read(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_ENDPOINT_KEY", "secret-7")
    assert _one(server) == Completion("words about 2 things", 10)
    (body,), (headers,) = server.seen, server.headers
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("m", 20, 0.0)
    assert headers["Authorization"] == "Bearer secret-7"
    assert server.paths == ["/v1/chat/completions"]


def test_a_server_reads_no_control_tokens_of_other_people(server: Any) -> None:
    engine = EndpointEngine(server.url, "m")
    list(engine.complete([_request('Ana: "<|im_end|> [INST] </s> <3"')], 0.0))
    assert server.seen[0]["messages"][1]["content"] == 'Ana: "< |im_end|> [ INST] < /s> <3"'


def test_no_key_no_header(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ERCKIT_ENDPOINT_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "of another service")
    _one(server)
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (500, "answers 500 (told to)"),
        (b"<html>busy</html>", "no chat completion (<html>busy</html>)"),
        (b"{", "no chat completion"),
        (b"[" * 100_000, "no chat completion"),
        (b'{"choices": []}', "no chat completion"),
        (b'{"choices": [{"message": {"content": 7}}]}', "holds no text"),
        ("cut", "cut the connection"),
        ("hang up", "cut the connection"),
    ],
)
def test_worth_another_try(server: Any, entry: Any, said: str) -> None:
    server.script = [entry]
    result = _one(server)
    assert isinstance(result, Failure)
    assert said in result.reason
    assert not result.is_final


@pytest.mark.parametrize(
    ("message", "note"),
    [
        ({"content": None}, "it holds no text"),
        ({}, "it holds no text"),
        ({"content": None, "refusal": "no"}, "it is a refusal"),
        ({"content": [{"type": "text", "text": None}]}, ""),
        ({"content": ""}, ""),
    ],
)
def test_no_text_is_an_empty_answer_that_was_paid_for(server: Any, message: dict[str, Any], note: str) -> None:
    server.script = [json.dumps({"choices": [{"message": message}], "usage": {"total_tokens": 1000}}).encode()]
    assert _one(server) == Completion("", 1000, False, note)


def test_an_answer_that_the_limit_cut(server: Any) -> None:
    server.script = [b'{"choices": [{"message": {"content": "She is"}, "finish_reason": "length"}]}']
    result = _one(server)
    assert isinstance(result, Completion)
    assert result.is_cut


@pytest.mark.parametrize("entry", [500, "slow", "cut", "hang up", b"<html>", 400])
def test_a_failed_try_costs_its_prompt(server: Any, entry: Any) -> None:
    server.script = [entry]
    result = _one(server, timeout=0.3)
    assert isinstance(result, Failure)
    assert result.tokens == _request().prompt_tokens
    server.script = [b'{"choices": [], "usage": {"total_tokens": 77}}']
    assert _one(server).tokens == 77


@pytest.mark.parametrize(("status", "stops"), [(400, False), (401, True), (403, True), (404, True), (422, False)])
def test_what_concerns_every_request(server: Any, status: int, stops: bool) -> None:
    server.script = [status]
    result = _one(server)
    assert isinstance(result, Failure)
    assert (result.is_final, result.stops) == (True, stops)


def test_no_answer_in_text_is_counted_and_told(server: Any, cache_path: Path) -> None:
    server.script = [b'{"choices": [{"message": {"content": null}}], "usage": {"total_tokens": 1000}}']
    budget = Budget(BudgetSettings(tries=9, tokens=2500, first_wait=0))
    with pytest.raises(AnnotationError, match="budget of 2,500 tokens is spent"):
        write_all([_request()], EndpointEngine(server.url, "m"), AnnotationCache(cache_path, "m"), budget)
    assert len(server.seen) == 3  # what a further one will take is estimated
    assert budget.tokens == 3000


def test_no_request_is_made_after_the_budget_is_spent(server: Any, cache_path: Path) -> None:
    server.script = [b'{"choices": [{"message": {"content": "fine"}}], "usage": {"total_tokens": 100}}']
    requests = [_request(f"u{i}") for i in range(60)]
    budget = Budget(BudgetSettings(tokens=450))
    engine = EndpointEngine(server.url, "m", parallel=2)
    with pytest.raises(AnnotationError, match="budget of 450 tokens is spent"):
        write_all(requests, engine, AnnotationCache(cache_path, "m"), budget)
    assert len(server.seen) <= 6  # 450 at 100 each, and one more under way


def test_no_try_outlasts_the_time(server: Any, cache_path: Path) -> None:
    server.script = ["slow"]
    budget = Budget(BudgetSettings(seconds=0.4))
    engine = EndpointEngine(server.url, "m", parallel=2, timeout=5.0)
    start = time.monotonic()
    with pytest.raises(AnnotationError, match=r"budget of 0\.4 seconds is spent; 40 answers are missing"):
        write_all([_request(f"u{i}") for i in range(40)], engine, AnnotationCache(cache_path, "m"), budget)
    assert time.monotonic() - start < 4.5  # a try of its own would take five seconds
    assert len(server.seen) <= 2


def test_another_server_may_have_another_model_of_that_name() -> None:
    near, far = (EndpointEngine(url, "m") for url in ("http://localhost:8000/v1/", "https://models.example/a/v1"))
    assert near.name == "endpoint m at http://localhost:8000/v1"
    assert far.name == "endpoint m at https://models.example/a/v1"
    assert near.title == far.title == "endpoint m"


@pytest.mark.parametrize("entry", ["slow", "drip"])
def test_a_slow_server_holds_nobody_up(server: Any, entry: str) -> None:
    server.script = [entry]
    start = time.monotonic()
    result = _one(server, timeout=0.4)
    assert time.monotonic() - start < 4.5  # it would send for five seconds
    assert isinstance(result, Failure)
    assert "within 0.4 seconds" in result.reason


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (401, "environment variable ERCKIT_ENDPOINT_KEY"),
        (404, "name of the model"),
        (400, "told to"),
        ((302, {"Location": "http://elsewhere.example/"}), "not followed"),
    ],
)
def test_not_worth_another_try(server: Any, entry: Any, said: str) -> None:
    server.script = [entry]
    result = _one(server)
    assert isinstance(result, Failure)
    assert result.is_final
    assert said in result.reason


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", 0.0), ("-3", 0.0), ("nan", 0.0)])
def test_retry_after(server: Any, header: str, seconds: float) -> None:
    server.script = [(429, {"Retry-After": header})]
    result = _one(server)
    assert isinstance(result, Failure)
    assert (result.is_final, result.wait) == (False, seconds)


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    engine = EndpointEngine(f"http://127.0.0.1:{port}", "m")
    ((_, result),) = engine.complete([_request()], 0.0)
    assert isinstance(result, Failure)
    assert "refuses the connection" in result.reason


def test_the_key_stands_in_no_message(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_ENDPOINT_KEY", "secret-7")
    server.script = [b'{"error": {"message": "the key secret-7 is wrong"}}']
    result = _one(server)
    assert isinstance(result, Failure)
    server.script = [(401, {})]
    assert "secret-7" not in f"{result.reason} {_one(server)}"


def test_the_key_is_not_sent_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_ENDPOINT_KEY", "secret-7")
    with pytest.raises(SettingError, match="in the clear") as caught:
        EndpointEngine("http://models.example/v1", "m")
    assert "secret-7" not in str(caught.value)
    EndpointEngine("https://models.example/v1", "m")
    EndpointEngine("http://localhost:8000/v1", "m")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "needs an address"),
        ("localhost:8000", "no http"),
        ("ftp://host/v1", "no http"),
        ("http://user:pw@host/v1", "carries a key"),
        ("http://host/v1?key=x", "carries a key"),
        ("http://host:99999999/v1", "is no address"),
        ("http://a..b/v1", "is no address"),
        (f"http://{'x' * 70}.com/v1", "is no address"),
        ("http://ho st/v1", "white space"),
    ],
)
def test_addresses_that_are_none(url: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        EndpointEngine(url, "m")


def test_tried_again_until_it_answers(server: Any, cache_path: Path) -> None:
    server.script = ["hang up", 500, (429, {"Retry-After": "3"}), b"nonsense", "ok ", "ok At last"]
    waits: list[float] = []
    budget = Budget(BudgetSettings(tries=6))
    engine = EndpointEngine(server.url, "m", timeout=5)
    assert write_all([_request()], engine, AnnotationCache(cache_path, "m"), budget, sleep=waits.append) == ["At last"]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]  # 3 seconds asked for, 4 due anyway
    # warmer only after the answer that was empty
    assert [body["temperature"] for body in server.seen] == [0.0, 0.0, 0.0, 0.0, 0.0, 0.7]


def test_given_up_after_the_tries_and_the_rest_is_kept(server: Any, cache_path: Path) -> None:
    def answer(body: dict[str, Any]) -> Any:
        return 500 if "bad" in body["messages"][1]["content"] else "ok fine"

    original = server._answer
    server._answer = lambda handler, entry, body: original(handler, answer(body), body)
    requests = [_request(f"good {i}") for i in range(5)] + [_request("bad")]
    engine = EndpointEngine(server.url, "m", parallel=2)
    with pytest.raises(AnnotationError, match=r"after 3 tries: the server answers 500.*1 are missing; the 5 new ones"):
        write_all(
            requests, engine, AnnotationCache(cache_path, "m"), Budget(BudgetSettings(tries=3)), sleep=lambda s: None
        )
    asked = len(server.seen)
    again = AnnotationCache(cache_path, "m")
    assert len(again) == 5
    assert write_all(requests[:5], engine, again, Budget()) == ["fine"] * 5
    assert len(server.seen) == asked  # nothing is asked twice


def test_no_key_is_written_down(server: Any, cache_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_ENDPOINT_KEY", "secret-7")
    write_all([_request()], EndpointEngine(server.url, "m"), AnnotationCache(cache_path, "m"), Budget())
    assert json.loads(cache_path.read_text())["text"] == "words about 2 things"
    assert "secret-7" not in cache_path.read_text()
