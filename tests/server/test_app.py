"""What each route answers."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

SOCKET = "ws://127.0.0.1/v1/stream"


def test_label(client: TestClient, body: Any, scores_of: Any) -> None:
    asked = body("hello", "go away")
    asked["conversations"][0]["id"] = "mine"
    asked["conversations"][0]["utterances"][1]["id"] = "second"
    asked["conversations"].append({"utterances": [{"speaker": "Cleo", "text": " padded\t"}]})
    answer = client.post("/v1/label", json=asked).json()
    assert (answer["model"], answer["labels"], answer["neutral"]) == ("fake", ["Joyful", "Mad", "Neutral"], "Neutral")
    assert (answer["calibrated"], answer["causal"]) == (True, True)
    first, second = answer["conversations"]
    assert first["id"] == "mine"
    assert [said["id"] for said in first["utterances"]] == ["u001", "second"]
    for said, (speaker, text) in zip(first["utterances"], [("Ana", "hello"), ("Ben", "go away")], strict=True):
        assert (said["speaker"], said["text"], said["scores"]) == (speaker, text, scores_of(text))
        assert said["label"] == max(scores_of(text), key=scores_of(text).__getitem__)
        assert said["confidence"] == 0.6
    # The model reads the cleaned text; the answer has it as it came.
    assert second["utterances"][0]["text"] == " padded\t"
    assert second["utterances"][0]["scores"] == scores_of("padded")


def test_made_up_ids_are_free_ones(client: TestClient) -> None:
    said = [{"speaker": "A", "text": "x"}, {"id": "u001", "speaker": "A", "text": "y"}]
    answer = client.post("/v1/label", json={"conversations": [{"utterances": said}]}).json()
    ids = [one["id"] for one in answer["conversations"][0]["utterances"]]
    assert ids[1] == "u001"
    assert len(set(ids)) == 2


def test_low_confidence_abstains(client: TestClient, body: Any) -> None:
    answer = client.post("/v1/label", json=body("hi", min_confidence=0.9)).json()
    (said,) = answer["conversations"][0]["utterances"]
    assert said["label"] is None
    assert said["reason"]
    assert said["confidence"] == 0.6


@pytest.mark.parametrize(("name", "nearest"), [("fkae", "'fake'"), ("othr", "'other'")])
def test_unknown_model_names_the_nearest(client: TestClient, body: Any, name: str, nearest: str) -> None:
    answer = client.post("/v1/label", json=body("hi", model=name))
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "unknown_model"
    assert nearest in answer.json()["error"]["message"]


def test_models(client: TestClient) -> None:
    answer = client.get("/v1/models").json()
    assert [(model["id"], model["default"]) for model in answer["models"]] == [("fake", True), ("other", False)]
    assert [style["label"] for style in answer["models"][0]["styles"]] == answer["models"][0]["labels"]
    assert answer["limits"]["utterances"] == 512
    assert answer["memory"] is True


def test_read_a_transcript(client: TestClient) -> None:
    answer = client.post("/v1/read", json={"name": "../../chat.txt", "text": "Ana: hi\nBen: go away"}).json()
    (conversation,) = answer["conversations"]
    assert [(said["speaker"], said["text"]) for said in conversation["utterances"]] == [
        ("Ana", "hi"),
        ("Ben", "go away"),
    ]
    assert ".." not in json.dumps(answer)


def test_read_bytes(client: TestClient) -> None:
    content = base64.b64encode('conversation,speaker,text\n1,Ana,"é, hi"\n'.encode("utf-16")).decode()
    answer = client.post("/v1/read", json={"name": "chat.csv", "base64": content}).json()
    assert answer["conversations"][0]["utterances"][0]["text"] == "é, hi"


@pytest.mark.parametrize(
    "question", [{}, {"text": "a", "base64": "YQ=="}, {"base64": "%%"}, {"text": ""}, {"text": "\n"}]
)
def test_what_cannot_be_read(client: TestClient, question: dict[str, str]) -> None:
    answer = client.post("/v1/read", json=question)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"]


def test_a_broken_archive_is_refused(client: TestClient) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("chat.txt", "Ana: hi\n" * 100)
    content = base64.b64encode(packed.getvalue()[:-30]).decode()
    answer = client.post("/v1/read", json={"name": "chat.zip", "base64": content})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unreadable")


def test_an_archive_may_not_unpack_to_far_more_than_a_body(client: TestClient) -> None:
    for text, message in (
        ("".join(f"Ana: hi {number}\n" for number in range(210_000)), "holds more than 200,000 lines or entries"),
        ("Ana: hi" + "x" * 19_000_000, "which unpacks to more than 250 times its size"),
    ):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("chat.txt", text)
        content = base64.b64encode(packed.getvalue()).decode()
        answer = client.post("/v1/read", json={"name": "chat.zip", "base64": content})
        assert (answer.status_code, message in answer.json()["error"]["message"]) == (422, True)


def test_explain(client: TestClient, body: Any) -> None:
    (conversation,) = body("one", "two", "three")["conversations"]
    answer = client.post("/v1/explain", json={"conversation": conversation, "index": 2}).json()
    assert [one["id"] for one in answer["effects"]] == ["u001", "u002"]
    assert answer["passes"] == 3
    assert answer["label"] in ("Joyful", "Mad", "Neutral")
    beyond = client.post("/v1/explain", json={"conversation": conversation, "index": 3})
    assert (beyond.status_code, beyond.json()["error"]["code"]) == (404, "no_such_utterance")


def test_an_explanation_has_bounded_cost(client: TestClient, body: Any) -> None:
    (conversation,) = body(*["x"] * 500)["conversations"]
    answer = client.post("/v1/explain", json={"conversation": conversation, "index": 499}).json()
    assert 1 <= len(answer["effects"]) <= 4


def _events(text: str) -> list[tuple[str, Any]]:
    blocks = [block.split("\n") for block in text.split("\n\n") if block]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def _messages(*texts: str) -> dict[str, Any]:
    return {"utterances": [{"conversation": "c", "speaker": "Ana", "text": text} for text in texts]}


def test_events(client: TestClient, scores_of: Any) -> None:
    answer = client.post("/v1/stream", json=_messages("hi", "ho"))
    assert answer.headers["content-type"].startswith("text/event-stream")
    first, second, end = _events(answer.text)
    assert first[0] == second[0] == "prediction"
    assert first[1] == {
        "conversation": "c",
        "id": "1",
        "label": max(scores_of("hi"), key=scores_of("hi").__getitem__),
        "confidence": 0.6,
        "scores": scores_of("hi"),
    }
    assert second[1]["id"] == "2"
    assert end == ("end", {})


def test_events_tell_a_late_error(client: TestClient) -> None:
    events = _events(client.post("/v1/stream", json=_messages("hi", "explode", "ho")).text)
    assert [name for name, _ in events] == ["prediction", "error"]
    assert events[1][1]["error"]["code"] == "internal"
    assert client.post("/v1/stream", json=_messages("explode")).status_code == 500


def test_socket(client: TestClient, scores_of: Any) -> None:
    with client.websocket_connect(SOCKET) as socket:
        for text in ("hi", "ho", "hey"):
            socket.send_json({"conversation": "c", "speaker": "Ana", "text": text, "id": f"m-{text}"})
        for text in ("hi", "ho", "hey"):
            answer = socket.receive_json()
            assert (answer["conversation"], answer["id"], answer["scores"]) == ("c", f"m-{text}", scores_of(text))


def test_one_bad_message_does_not_end_the_socket(client: TestClient) -> None:
    good = {"conversation": "c", "speaker": "Ana", "text": "hi"}
    bad = {
        "{": "invalid_json",
        "[]": "invalid_request",
        "NaN": "invalid_json",
        json.dumps({**good, "txt": "x"}): "invalid_request",
        json.dumps({**good, "model": "nix"}): "unknown_model",
        json.dumps({**good, "text": "x" * 8001}): "text_too_long",
        json.dumps({**good, "text": "x" * 64_000}): "message_too_large",
        json.dumps({**good, "text": "explode"}): "internal",
        '{"conversation": "c", "conversation": "d", "speaker": "A", "text": "x"}': "invalid_json",
    }
    with client.websocket_connect(SOCKET) as socket:
        for message, code in bad.items():
            socket.send_text(message)
            assert socket.receive_json()["error"]["code"] == code, message
        socket.send_bytes(b"\xff\xfe\xfd")
        assert socket.receive_json()["error"]["code"] == "invalid_json"
        socket.send_json(good)
        assert socket.receive_json()["id"] == "1"


def test_conversations_of_namespaces_are_apart_in_streams(client: TestClient) -> None:
    with client.websocket_connect(SOCKET) as socket:
        ids = []
        for namespace in ("a", "b", "a"):
            socket.send_json({"conversation": "c", "speaker": "Ana", "text": "hi", "namespace": namespace})
            ids.append(socket.receive_json()["id"])
    assert ids == ["1", "1", "2"]


def test_a_model_that_is_not_causal_is_not_streamed(client: TestClient) -> None:
    client.server.labelers["other-folder"].causal = False  # type: ignore[attr-defined]
    answer = client.post("/v1/stream", json={**_messages("hi"), "model": "other"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_causal")
    question = {"conversations": [{"utterances": [{"speaker": "Ana", "text": "hello"}]}], "model": "other"}
    assert client.post("/v1/label", json=question).json()["causal"] is False


def test_speakers(client: TestClient, body: Any) -> None:
    assert client.get("/v1/speakers/Ana").status_code == 404
    client.post("/v1/label", json=body("hi", "ho", "hey"))
    known = client.get("/v1/speakers/Ana").json()
    assert (known["utterances"], known["conversations"], known["namespace"]) == (2, 1, "default")
    assert sum(known["label_counts"].values()) == 2
    assert client.get("/v1/speakers/Ana", params={"namespace": "elsewhere"}).status_code == 404
    assert client.delete("/v1/speakers/Ana").json()["removed"] == 2
    assert client.get("/v1/speakers/Ana").status_code == 404
    assert client.get("/v1/speakers/Ben").json()["utterances"] == 1


def test_a_forgotten_speaker_leaves_the_streams(client: TestClient) -> None:
    client.post("/v1/stream", json=_messages("hi"))
    client.post("/v1/stream", json={"utterances": [{"conversation": "d", "speaker": "Ben", "text": "hi"}]})
    client.delete("/v1/speakers/Ana")
    (pool,) = client.server.pools  # type: ignore[attr-defined]
    assert list(pool.counts) == [("default", "d")]


def test_what_is_not_to_be_remembered_is_not(client: TestClient, body: Any) -> None:
    client.post("/v1/label", json=body("hi", remember=False))
    assert client.get("/v1/speakers/Ana").status_code == 404


def test_one_id_is_never_twice_in_a_call_that_remembers(client: TestClient, body: Any) -> None:
    labeler = client.server.labeler  # type: ignore[attr-defined]
    labeler.open.clear()
    asked = body("hi")
    asked["conversations"][0]["id"] = "mine"
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(client.post, "/v1/label", json=body("first"))
        time.sleep(0.1)
        others = [pool.submit(client.post, "/v1/label", json=one) for one in (asked, body("ho"), asked)]
        time.sleep(0.2)
        labeler.open.set()
        assert [one.result().status_code for one in (first, *others)] == [200] * 4
    # The calls after the first: two of "mine" are never in one; which request comes first is left to the threads.
    assert sum(labeler.calls) == 4
    assert len(labeler.calls) == 3


def test_without_memory(start: Any, body: Any) -> None:
    client = start()
    assert client.get("/v1/models").json()["memory"] is False
    assert client.post("/v1/label", json=body("hi")).status_code == 200
    assert client.post("/v1/label", json=body("hi", remember=False)).status_code == 200
    assert client.post("/v1/label", json=body("hi", remember=True)).json()["error"]["code"] == "no_memory"
    for answer in (client.get("/v1/speakers/Ana"), client.delete("/v1/speakers/Ana")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_memory")


def test_page(client: TestClient) -> None:
    from erckit.web import page_files

    for name, (content_type, content) in page_files().items():
        answer = client.get("/" if name == "index.html" else f"/{name}")
        assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, content, content_type)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert "*" not in policy
    assert client.get("/..%2f__init__.py").status_code == 404
    assert client.get("/__init__.py").status_code == 404


def test_metrics_tell_what_happened(client: TestClient, body: Any) -> None:
    client.post("/v1/label", json=body("hi", "ho", "hey"))
    client.post("/v1/stream", json=_messages("hi"))
    client.get("/v1/speakers/Ana Secret")
    text = client.get("/metrics").text
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["erckit_utterances_labelled_total", "batch", "fake"] == 3
    assert found["erckit_utterances_labelled_total", "fake", "stream"] == 1
    assert found["erckit_requests_total", "/v1/label", "200", "POST"] == 1
    assert found["erckit_requests_total", "/v1/speakers/{speaker}", "404", "GET"] == 1
    assert found["erckit_request_seconds_count", "/v1/label"] == 1
    assert found["erckit_queue_jobs",] == 0
    assert "Secret" not in text


def test_two_servers_count_apart(start: Any, body: Any) -> None:
    first, second = start(), start()
    first.post("/v1/label", json=body("hi"))
    assert 'status="200"' in first.get("/metrics").text
    assert "/v1/label" not in second.get("/metrics").text


def test_openapi_has_examples_that_work(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {
        "/v1/label", "/v1/read", "/v1/explain", "/v1/stream", "/v1/models", "/v1/speakers/{speaker}", "/health",
        "/metrics",
    }  # fmt: skip
    tried = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"]
            if method == "post":
                schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                for example in document["components"]["schemas"][schema]["examples"]:
                    assert client.post(path, json=example).status_code == 200, path
                    tried += 1
    assert tried >= 4
