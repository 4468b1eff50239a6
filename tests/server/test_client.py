"""The client against the real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from erckit.client import Client, NotAllowedError, NotFoundError, RefusedError
from erckit.conversation import Conversation, Utterance

KEY = "k3y-of-at-least-16"


@pytest.mark.process
def test_client_and_server(process: Callable[..., Any], scores_of: Any) -> None:
    _, address = process(keys=KEY, memory="memory")
    client = Client(address, api_key=KEY)
    assert client.health() is True
    (model,) = client.models()
    assert (model.id, model.label_set.neutral, model.default) == ("fake", "Neutral", True)
    talk = Conversation("c1", (Utterance("a", "Ana / Ó", "hello", start=5.0), Utterance("b", "Ben", "“go” 👋")))
    (labelled,) = client.label([talk])
    assert [one.scores for one in labelled.predictions] == [scores_of("hello"), scores_of("“go” 👋")]
    assert (labelled.predictions[0].calibrated, labelled.predictions[0].causal) == (True, True)
    (unsure,) = client.label(talk, min_confidence=0.99, remember=False)
    assert [one.label for one in unsure.predictions] == [None, None]
    summary = client.speaker("Ana / Ó")
    assert (summary.utterances, summary.first_time) == (1, 5.0)
    assert client.forget("Ana / Ó") == 1
    with pytest.raises(NotFoundError):
        client.speaker("Ana / Ó")
    with pytest.raises(NotFoundError, match="Known: fake"):
        client.label(talk, model="zz")
    with pytest.raises(RefusedError) as raised:
        client.label(Conversation("c", (Utterance("a", "A", "x" * 8001),)))
    assert (raised.value.status, raised.value.code) == (422, "text_too_long")
    with pytest.raises(NotAllowedError):
        Client(address).models()
    with pytest.raises(NotAllowedError):
        Client(address, api_key=KEY + "x").models()
