"""What the server promises about safety, promise by promise."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.routing import WebSocketRoute
from starlette.testclient import WebSocketDenialResponse

from erckit.errors import SettingError
from erckit.server.guards.api_keys import parse_api_keys
from erckit.server.guards.limits import Limits
from erckit.server.settings import ServerSettings

KEY = "k3y-of-at-least-16"  # that of shared_with_key, too
BEARER = {"Authorization": f"Bearer {KEY}"}
SOCKET = "ws://127.0.0.1/v1/stream"
JSON = {"Content-Type": "application/json"}
SECRET = "Zanzibar-Quokka"


def _code(answer: Any) -> str:
    return answer.json()["error"]["code"]


def _limits(**values: Any) -> Limits:
    return replace(Limits(), **values)


# Binds to loopback


def test_binds_to_loopback_unless_told_otherwise() -> None:
    assert ServerSettings(models={"a": "a"}).host == "127.0.0.1"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", "127.0.0.1.example.org", ""])
def test_other_addresses_need_a_key(host: str) -> None:
    with pytest.raises(SettingError, match="ERCKIT_API_KEY"):
        ServerSettings(models={"a": "a"}, host=host)
    assert ServerSettings(models={"a": "a"}, host=host, keys=parse_api_keys(KEY)).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"])
def test_loopback_needs_none(host: str) -> None:
    assert ServerSettings(models={"a": "a"}, host=host).keys == ()


# Bounds on bytes, conversations, utterances and characters


def test_the_bounds_are_those_promised() -> None:
    limits = Limits()
    assert (limits.body_bytes, limits.utterances, limits.characters) == (2_000_000, 512, 8_000)
    assert (limits.in_flight, limits.timeout_seconds) == (256, 30.0)


@pytest.mark.parametrize("path", ["/v1/label", "/v1/read", "/v1/explain", "/v1/stream"])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_large_bodies(shared: TestClient, path: str, is_chunked: bool) -> None:
    size = 2_000_001

    def parts() -> Iterator[bytes]:
        yield b'"' + b"x" * (size - 2)
        yield b'"'

    content = parts() if is_chunked else b"".join(parts())
    answer = shared.post(path, content=content, headers=JSON)
    assert (answer.status_code, _code(answer)) == (413, "body_too_large")


def test_a_body_just_within_the_bound_is_read(start: Any, body: Any) -> None:
    content = json.dumps(body("hi")).encode()
    client = start(limits=_limits(body_bytes=len(content)))
    assert client.post("/v1/label", content=content, headers=JSON).status_code == 200
    assert client.post("/v1/label", content=content + b" ", headers=JSON).status_code == 413


@pytest.mark.parametrize("length", ["-1", "1e3", "x"])
def test_a_length_that_is_none(shared: TestClient, length: str) -> None:
    answer = shared.post("/v1/label", content=b"{}", headers={**JSON, "Content-Length": length})
    assert answer.status_code in (400, 413)


def test_utterances_and_conversations(shared: TestClient, body: Any) -> None:
    assert shared.post("/v1/label", json=body(*["x"] * 512)).status_code == 200
    answer = shared.post("/v1/label", json=body(*["x"] * 513))
    assert (answer.status_code, _code(answer)) == (413, "too_many_utterances")
    many = {"conversations": body("x")["conversations"] * 65}
    answer = shared.post("/v1/label", json=many)
    assert (answer.status_code, _code(answer)) == (413, "too_many_conversations")
    stream = {"utterances": [{"conversation": "c", "speaker": "A", "text": "x"}] * 513}
    assert shared.post("/v1/stream", json=stream).status_code == 413
    explain = {"conversation": body(*["x"] * 513)["conversations"][0], "index": 0}
    assert shared.post("/v1/explain", json=explain).status_code == 413


def test_characters(shared: TestClient, body: Any) -> None:
    assert shared.post("/v1/label", json=body("é" * 8000)).status_code == 200
    answer = shared.post("/v1/label", json=body("hi", "é" * 8001))
    assert (answer.status_code, _code(answer)) == (422, "text_too_long")
    assert "u002" in answer.json()["error"]["message"]


@pytest.mark.parametrize("field", ["id", "speaker"])
def test_names_are_short(shared: TestClient, field: str) -> None:
    said = {"speaker": "A", "text": "x", field: "n" * 257}
    assert shared.post("/v1/label", json={"conversations": [{"utterances": [said]}]}).status_code == 422


def test_sockets_are_bounded(start: Any) -> None:
    client = start(limits=_limits(sockets=1))
    with client.websocket_connect(SOCKET):
        with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect(SOCKET):
            pass
        assert denied.value.status_code == 429
    with client.websocket_connect(SOCKET):
        pass


def test_an_idle_socket_is_closed(start: Any) -> None:
    client = start(limits=_limits(idle_seconds=0.2))
    with client.websocket_connect(SOCKET) as socket:
        began = time.monotonic()
        assert socket.receive()["reason"] == "idle"
        assert 0.1 < time.monotonic() - began < 30


# Overload and timeouts


def test_too_much_at_once_is_told_when_to_come_back(start: Any, body: Any) -> None:
    client = start(limits=_limits(in_flight=3))
    labeler = client.server.labeler
    labeler.open.clear()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(client.post, "/v1/label", json=body(str(n))) for n in range(8)]
        deadline = time.monotonic() + 10
        while sum(one.done() for one in asked) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        # Whoever watches is answered while everything else waits.
        assert client.get("/health").status_code == 200
        assert client.get("/metrics").status_code == 200
        labeler.open.set()
        answers = [one.result() for one in asked]
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [429] * 5
    for answer in answers:
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) >= 1
            assert _code(answer) == "overloaded"


def test_bodies_in_flight_are_bounded_together(start: Any, body: Any) -> None:
    question = json.dumps(body("x" * 1000)).encode()
    client = start(limits=_limits(in_flight_bytes=2 * len(question)))
    client.server.labeler.open.clear()
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(client.post, "/v1/label", content=question, headers=JSON) for _ in range(4)]
        deadline = time.monotonic() + 10
        while sum(one.done() for one in asked) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        client.server.labeler.open.set()
        assert sorted(one.result().status_code for one in asked) == [200, 200, 429, 429]
    assert client.server.state.traffic.bytes == 0


def test_late_answers_are_timeouts(start: Any, body: Any) -> None:
    client = start(limits=_limits(timeout_seconds=0.3))
    client.server.labeler.open.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.post, "/v1/label", json=body("a"))
        time.sleep(0.1)
        second = pool.submit(client.post, "/v1/label", json=body("b"))
        for answer in (first.result(), second.result()):
            assert (answer.status_code, _code(answer)) == (504, "timeout")
    client.server.labeler.open.set()
    assert client.post("/v1/label", json=body("c")).status_code == 200
    # The second one still waited when its client had its answer: nobody labelled it.
    assert client.server.labeler.calls == [1, 1]


def test_a_socket_tells_late_answers(start: Any) -> None:
    client = start(limits=_limits(timeout_seconds=0.2))
    client.server.labeler.open.clear()
    with client.websocket_connect(SOCKET) as socket:
        socket.send_json({"conversation": "c", "speaker": "A", "text": "x"})
        assert socket.receive_json()["error"]["code"] == "timeout"
        client.server.labeler.open.set()
        socket.send_json({"conversation": "c", "speaker": "A", "text": "y"})
        assert "label" in socket.receive_json()


# The key


def _routes(client: TestClient) -> list[tuple[str, str]]:
    found = []
    for route in client.app.routes:  # type: ignore[attr-defined]
        path = route.path.replace("{speaker:path}", "Ana")
        if isinstance(route, WebSocketRoute):
            found.append(("WS", path))
        else:
            assert hasattr(route, "methods"), f"{route}: a kind of route that this test does not walk"
            found += [(method, path) for method in route.methods]
    return found


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong-key-of-16-characters"},
        {"Authorization": f"Bearer {KEY[:-1]}"},
        {"Authorization": f"Bearer {KEY}x"},
        {"Authorization": "Bearer "},
        {"Authorization": KEY},
        {"Authorization": "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()},
        {"Authorization": "Basic ="},
        {"Authorization": "Bearer kéy-of-at-least-16".encode("latin-1")},
        {"X-API-Key": KEY, "Cookie": f"key={KEY}"},
    ],
    ids=str,
)
def test_every_route_but_health_needs_the_key(shared_with_key: TestClient, headers: dict[str, Any]) -> None:
    client = shared_with_key
    routes = _routes(client)
    assert {("POST", "/v1/label"), ("WS", "/v1/stream"), ("GET", "/openapi.json"), ("GET", "/")} <= set(routes)
    unknown = ("/nowhere", "/docs", "/redoc", "/health/", "//health", "/health/../v1/models", "/HEALTH", "/health;x")
    for method, path in [*routes, *(("GET", path) for path in unknown), ("OPTIONS", "/v1/label"), ("TRACE", "/")]:
        where = f"{path}?key={KEY}&api_key={KEY}"
        if method == "WS":
            with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect(SOCKET, headers=headers):
                pass
            assert denied.value.status_code == 401
        elif path == "/health":
            assert client.request(method, path, headers=headers).status_code == 200
        else:
            answer = client.request(method, where, headers=headers)
            assert answer.status_code == 401, (method, path)
            assert "WWW-Authenticate" in answer.headers
            assert KEY not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        BEARER,
        {"Authorization": f"bearer  {KEY} "},
        {"Authorization": "Basic " + base64.b64encode(f"me:{KEY}".encode()).decode()},
    ],
    ids=["bearer", "lower case", "basic"],
)
def test_the_key_opens(start: Any, headers: dict[str, str]) -> None:
    client = start(keys=KEY, headers=headers)
    for path in ("/", "/v1/models", "/metrics", "/openapi.json"):
        assert client.get(path).status_code == 200
    with client.websocket_connect(SOCKET, headers=headers) as socket:
        socket.send_json({"conversation": "c", "speaker": "A", "text": "x"})
        assert "label" in socket.receive_json()


def test_the_key_as_a_sub_protocol(start: Any) -> None:
    client = start(keys=KEY)
    shown = base64.urlsafe_b64encode(KEY.encode()).decode().rstrip("=")
    with client.websocket_connect(SOCKET, subprotocols=["erckit", f"erckit.key.{shown}"]) as socket:
        assert socket.accepted_subprotocol == "erckit"
    with (
        pytest.raises(WebSocketDenialResponse),
        client.websocket_connect(SOCKET, subprotocols=["erckit", f"erckit.key.{shown[:-2]}"]),
    ):
        pass


def test_only_the_page_makes_a_browser_ask(start: Any) -> None:
    client = start(keys=KEY)
    assert client.get("/").headers["WWW-Authenticate"].startswith("Basic ")
    assert client.get("/v1/models").headers["WWW-Authenticate"] == "Bearer"


def test_keys_are_compared_in_constant_time(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = start(keys=f"a:{KEY}a,b:{KEY}b,c:{KEY}c")
    compared = []
    real = hmac.compare_digest

    def spy(first: Any, second: Any) -> bool:
        compared.append((first, second))
        return real(first, second)

    monkeypatch.setattr("hmac.compare_digest", spy)
    assert client.get("/v1/models", headers={"Authorization": f"Bearer {KEY}a"}).status_code == 200
    # Every key, though the first was right; as bytes, since text of other than ASCII would raise.
    assert compared == [(f"{KEY}a".encode(), f"{KEY}{name}".encode()) for name in "abc"]


def test_keys_come_from_the_environment_only() -> None:
    from typer.main import get_command

    from erckit.cli.serve import app

    options = {option for parameter in get_command(app).params for option in parameter.opts}
    assert "--port" in options
    assert not {option for option in options if re.search("key|secret|token|password", option)}


@pytest.mark.parametrize(
    "text", ["short", "has space in the key", f"{KEY},{KEY}", f"a:{KEY},b:{KEY}", f"../x:{KEY}", f"{KEY},", "a:"]
)
def test_bad_keys_are_refused_and_not_shown(text: str) -> None:
    with pytest.raises(SettingError) as raised:
        parse_api_keys(text)
    assert KEY not in str(raised.value)
    assert "short" not in str(raised.value)


def test_a_key_is_not_in_the_settings_words() -> None:
    assert KEY not in repr(ServerSettings(models={"a": "a"}, keys=parse_api_keys(f"a:{KEY}")))


# Namespaces


def test_namespaces_keep_tenants_apart(start: Any, body: Any) -> None:
    client = start(keys=f"shop:{KEY}1,desk:{KEY}2,{KEY}3", memory="memory")
    shop, desk, anybody = ({"Authorization": f"Bearer {KEY}{n}"} for n in (1, 2, 3))
    assert client.post("/v1/label", json=body("hi"), headers=shop).status_code == 200
    assert client.get("/v1/speakers/Ana", headers=shop).json()["namespace"] == "shop"
    assert client.get("/v1/speakers/Ana", headers=desk).status_code == 404
    for method, path in (("GET", "/v1/speakers/Ana?namespace=shop"), ("DELETE", "/v1/speakers/Ana?namespace=shop")):
        answer = client.request(method, path, headers=desk)
        assert (answer.status_code, _code(answer)) == (403, "foreign_namespace")
    assert client.post("/v1/label", json=body("hi", namespace="shop"), headers=desk).status_code == 403
    streamed = {"namespace": "shop", "utterances": [{"conversation": "c", "speaker": "Ana", "text": "x"}]}
    assert client.post("/v1/stream", json=streamed, headers=desk).status_code == 403
    with client.websocket_connect(SOCKET, headers=desk) as socket:
        socket.send_json({"conversation": "c", "speaker": "Ana", "text": "x", "namespace": "shop"})
        assert socket.receive_json()["error"]["code"] == "foreign_namespace"
    assert client.delete("/v1/speakers/Ana", headers=desk).json()["removed"] == 0
    assert client.get("/v1/speakers/Ana?namespace=shop", headers=anybody).json()["utterances"] == 1


@pytest.mark.parametrize("namespace", ["", "../x", "a b", "a'; --", "é", "x" * 65, ".x"])
def test_namespaces_are_plain_words(shared: TestClient, body: Any, namespace: str) -> None:
    assert shared.post("/v1/label", json=body("hi", namespace=namespace)).status_code == 422
    assert shared.get("/v1/speakers/Ana", params={"namespace": namespace}).status_code == 422


# JSON


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400, "9" * 5000])
def test_what_is_no_number(shared: TestClient, value: str) -> None:
    for content in (
        f'{{"conversations": [{{"utterances": [{{"speaker": "A", "text": "x", "time": {value}}}]}}]}}',
        f'{{"conversations": [{{"utterances": [{{"speaker": "A", "text": "x"}}]}}], "min_confidence": {value}}}',
    ):
        assert shared.post("/v1/label", content=content, headers=JSON).status_code == 422


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b"{}" * 2, b"[" * 100_000, b'{"a":' * 10_000,
    b'{"conversations": [], "conversations": []}', b"\x00", b'{"conversations": {"utterances": []}}',
    b'{"conversations": [{"utterances": [{"speaker": "A", "text": "x", "\\udfff": 1}]}]}',
    b'{"conversations": [{"utterances": [{"speaker": 1, "text": "x"}]}]}',
    b'{"conversations": [{"utterances": [{"speaker": "A", "text": null}]}]}',
], ids=lambda content: repr(content[:30]))  # fmt: skip
def test_bodies_that_are_none(shared: TestClient, content: bytes) -> None:
    answer = shared.post("/v1/label", content=content, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"]


def test_texts_of_every_kind_are_labelled(shared: TestClient, body: Any) -> None:
    texts = [
        "",
        " ",
        "\x00\x01",
        "\u202eabc",
        "\ufeff",
        "👩‍👩‍👧",
        "<|im_end|>",
        "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
        "a\u0300" * 2000,
    ]
    answer = shared.post("/v1/label", json=body(*texts))
    assert answer.status_code == 200
    assert [said["text"] for said in answer.json()["conversations"][0]["utterances"]] == texts


@pytest.mark.parametrize("half", ["\\ud83d", "\\udc00", "x\\udbff\\ud83d"])
def test_half_an_emoji_is_read_on_every_route(shared: TestClient, half: str) -> None:
    said = f'"speaker": "Ana", "text": "hi {half}"'
    bodies = {
        "/v1/label": f'{{"conversations": [{{"utterances": [{{{said}}}]}}]}}',
        "/v1/explain": f'{{"conversation": {{"utterances": [{{{said}}}]}}, "index": 0}}',
        "/v1/stream": f'{{"utterances": [{{"conversation": "c", {said}}}]}}',
        "/v1/read": f'{{"text": "Ana: hi {half}"}}',
    }
    answers = {route: shared.post(route, content=content, headers=JSON) for route, content in bodies.items()}
    assert {route: answer.status_code for route, answer in answers.items()} == dict.fromkeys(bodies, 200)
    for route in ("/v1/label", "/v1/read"):
        assert "\ufffd" in answers[route].json()["conversations"][0]["utterances"][0]["text"]


# Other sites' pages


def test_cors_is_off(shared: TestClient, body: Any) -> None:
    foreign = {"Origin": "https://evil.example"}
    for answer in (
        shared.get("/v1/models", headers=foreign),
        shared.options("/v1/label", headers={**foreign, "Access-Control-Request-Method": "POST"}),
        shared.post("/v1/label", json=body("hi"), headers=foreign),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert shared.options("/v1/label", headers=foreign).status_code == 405
    assert shared.post("/v1/label", json=body("hi"), headers=foreign).status_code == 403


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None]
)
def test_bodies_that_a_foreign_form_can_send(shared: TestClient, body: Any, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = shared.post("/v1/label", content=json.dumps(body("hi")).encode(), headers=headers)
    assert (answer.status_code, _code(answer)) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("origin", "is_taken"),
    [
        ("http://127.0.0.1", True),
        ("https://evil.example", False),
        ("http://127.0.0.1:81", False),
        ("http://127.0.0.1.evil.example", False),
        ("null", False),
        ("", False),
        ("file://", False),
        ("http://[", False),
        ("chrome-extension://127.0.0.1", False),
    ],
)
def test_origin_of_sockets_and_changes(shared: TestClient, body: Any, origin: str, is_taken: bool) -> None:
    headers = {"Origin": origin}
    assert shared.post("/v1/label", json=body("hi"), headers=headers).status_code == (200 if is_taken else 403)
    assert shared.delete("/v1/speakers/Ana", headers=headers).status_code == (200 if is_taken else 403)
    if is_taken:
        with shared.websocket_connect(SOCKET, headers=headers) as socket:
            socket.send_json({"conversation": "c", "speaker": "A", "text": "x"})
            assert "label" in socket.receive_json()
    else:
        with pytest.raises(WebSocketDenialResponse) as denied, shared.websocket_connect(SOCKET, headers=headers):
            pass
        assert denied.value.status_code == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::2]", "localhost.evil", "[::1].evil.com",
     "[::1]evil", "localhost:evil", "127.0.0.1:80@evil.com"],
)  # fmt: skip
def test_other_names_of_this_machine(shared: TestClient, host: str) -> None:
    answer = shared.get("/v1/models", headers={"Host": host})
    assert (answer.status_code, _code(answer)) == (403, "unknown_host")


def test_names_that_are_known(start: Any) -> None:
    client = start(allowed_hosts=frozenset({"Mood.example"}))
    for host in ("127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000", "mood.example"):
        assert client.get("/v1/models", headers={"Host": host}).status_code == 200
    behind = {"Host": "127.0.0.1:8000", "Origin": "https://mood.example"}
    with client.websocket_connect(SOCKET, headers=behind):
        pass


# Headers


def test_safe_headers_are_everywhere(shared: TestClient) -> None:
    for method, path in (("GET", "/"), ("GET", "/v1/models"), ("GET", "/nowhere"), ("POST", "/v1/label"), ("PUT", "/")):
        headers = shared.request(method, path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] in ("no-store", "no-cache")
        assert "server" not in headers


# Paths and names


@pytest.mark.parametrize(
    "model",
    [
        "../other",
        "/etc/passwd",
        "fake-folder",
        "owner/name",
        "",
        "fake\x00",
        "FAKE",
        "fake/",
        ".",
        "file:fake",
        "fake\n",
    ],
)
def test_models_come_from_the_list_only(shared: TestClient, body: Any, model: str) -> None:
    answer = shared.post("/v1/label", json=body("hi", model=model))
    assert answer.status_code in (404, 422)
    assert "other-folder" not in answer.text


@pytest.mark.parametrize("name", ["a/b", "..", "a b", ".a", "", "x" * 65])
def test_ids_are_plain_words(name: str) -> None:
    with pytest.raises(SettingError):
        ServerSettings(models={name: "somewhere"})


def test_errors_show_neither_trace_nor_path_nor_text(shared: TestClient, body: Any) -> None:
    answer = shared.post("/v1/label", json=body(f"explode {SECRET}"))
    assert answer.status_code == 500
    assert answer.json() == {
        "error": {"code": "internal", "message": "something went wrong in the server. Its log says where."}
    }


def test_one_that_fails_does_not_fail_its_neighbours(client: TestClient, body: Any) -> None:
    labeler = client.server.labeler  # type: ignore[attr-defined]
    labeler.open.clear()
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(client.post, "/v1/label", json=body("first"))
        time.sleep(0.1)
        texts = ["a", "explode", "b", "c"]
        others = [pool.submit(client.post, "/v1/label", json=body(text)) for text in texts]
        time.sleep(0.2)
        labeler.open.set()
        assert first.result().status_code == 200
        assert [one.result().status_code for one in others] == [200, 500, 200, 200]
    assert labeler.calls[:2] == [1, 4]


def test_every_error_has_the_one_form(shared: TestClient) -> None:
    for method, path in (
        ("GET", "/nowhere"),
        ("PUT", "/v1/label"),
        ("GET", "/v1/label"),
        ("POST", "/v1/models"),
        ("GET", "/v1/speakers/"),
        ("BREW", "/"),
    ):
        answer = shared.request(method, path)
        assert answer.status_code in (404, 405, 422)
        assert set(answer.json()) == {"error"}
        assert set(answer.json()["error"]) == {"code", "message"}


# Logs


@pytest.mark.parametrize("log_text", [False, True])
def test_logs_carry_no_text_unless_asked(
    start: Any, body: Any, caplog: pytest.LogCaptureFixture, log_text: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    client = start(log_text=log_text, memory="memory")
    client.server.labeler.store.append  # noqa: B018  there is one
    client.post("/v1/label", json=body(f"I am {SECRET}"))
    client.post("/v1/label", json=body("explode, says Ana"))
    client.post("/v1/label", json={"model": SECRET})
    client.get(f"/v1/speakers/{SECRET}", params={"namespace": SECRET})
    client.get(f"/{SECRET}")
    client.post("/v1/read", json={"name": SECRET, "text": SECRET})
    with client.websocket_connect(SOCKET) as socket:
        for text in (SECRET, "explode, says Ana"):
            socket.send_json({"conversation": SECRET, "speaker": SECRET, "text": text})
            socket.receive_json()
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("erckit"))
    assert "RuntimeError" in ours
    assert "POST /v1/label 200" in ours
    assert ("says Ana" in ours) is log_text
    everything = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpx"))
    assert SECRET not in everything


# The models belong to one thread


def test_one_thread_owns_the_models(client: TestClient, body: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: client.post("/v1/label", json=body(str(n))), range(24)))
    client.post("/v1/stream", json={"utterances": [{"conversation": "c", "speaker": "A", "text": "x"}]})
    assert client.server.labeler.threads == {"erckit-models"}  # type: ignore[attr-defined]


def test_nothing_is_reported_to_anybody(shared: TestClient) -> None:
    telemetry = shared.app._telemetry  # type: ignore[attr-defined]
    assert not any(telemetry[name] for name in ("auto_configure", "tracing", "metrics", "logs"))
