"""What a builder may spend on annotations, over all that it gathers."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from erckit.conversation import Conversation, Utterance
from erckit.errors import AnnotationError, SettingError
from erckit.labels import LabelSet
from erckit.models.prompts import prompt_style
from erckit.prompting.context.context_builder import ContextBuilder
from erckit.prompting.context.context_settings import ContextSettings, EngineSettings

COST = 1000


def _builder(server: Any, **engine: Any) -> ContextBuilder:
    said = "She is kind and tends to worry about her friends."
    server.script = [
        json.dumps({"choices": [{"message": {"content": said}}], "usage": {"total_tokens": COST}}).encode()
    ]
    settings = EngineSettings("endpoint", "m", server.url, parallel=1, **engine)
    style = prompt_style("bios_erc", {"biographies": "whole_conversation"})
    return ContextBuilder(style, LabelSet(("a", "b")), ContextSettings(engine=settings))


def _talk(c: int) -> Conversation:
    return Conversation(f"c{c}", (Utterance("1", "Ana", f"This is number {c}."),))


def test_tokens_are_a_budget_in_all(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path))
    builder = _builder(server, tokens=2 * COST + 500)
    gathered = builder.gather([_talk(1)])
    assert gathered.fields["biographies"] == [("She is kind and tends to worry about her friends.",)]
    builder.gather([_talk(2)])
    changed = dataclasses.replace(builder, is_lenient=False)  # another style, say: it is the same purse
    changed.gather([_talk(3)])
    with pytest.raises(AnnotationError, match="budget of 2,500 tokens is spent"):
        builder.gather([_talk(4)])
    assert len(server.seen) == 3
    builder.gather([_talk(1), _talk(2)])  # what is kept costs nothing
    _builder(server, tokens=2 * COST + 500).gather([_talk(4)])


def test_the_engine_is_asked_as_the_settings_say(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path))
    for engine, said in (
        ({"tries": 1, "timeout": 0.2}, "after 1 try: .* within 0.2 seconds"),
        ({"seconds": 0.2, "tries": 9}, r"budget of 0\.2 seconds is spent"),
    ):
        builder = _builder(server, **engine)
        server.script = ["slow"]
        with pytest.raises(AnnotationError, match=said):
            builder.gather([_talk(1)])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "endpoint", "url": "http://localhost/v1"}, "needs a value for context.engine.model"),
        ({"kind": "endpoint", "model": "m"}, "needs a value for context.engine.url"),
        ({"kind": "file"}, "needs a value for context.engine.file"),
        ({"tries": 0}, "at least 1"),
        ({"parallel": 0}, "at least 1"),
        ({"seconds": -1.0}, "0 or more"),
        ({"timeout": 0.0}, "above 0"),
    ],
)
def test_engines_that_cannot_be(values: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        EngineSettings(**values)


def test_the_embedded_model_is_the_local_default() -> None:
    assert EngineSettings("local").model == EngineSettings().model == "smollm2-135m-instruct"
