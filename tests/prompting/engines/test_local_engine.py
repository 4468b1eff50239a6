"""Generation with a tiny causal model: a batch answers as each request alone, and text stays text."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from erckit.prompting.engines.local_engine import LocalEngine
from erckit.prompting.engines.request import Completion, Failure, Request


def _request(user: str, max_tokens: int = 8) -> Request:
    return Request("test/1", "say", user, max_tokens, str)


@pytest.fixture(scope="module")
def engine(tiny_causal_lm: Callable[..., Any]) -> LocalEngine:
    return LocalEngine("tiny", lm=tiny_causal_lm())


def test_a_batch_answers_as_each_alone(engine: LocalEngine) -> None:
    requests = [_request("red dog"), _request("the happy man and the blue house", 5), _request("no")]
    together = dict(engine.complete(requests, 0.0))
    assert sorted(together) == [0, 1, 2]
    for place, request in enumerate(requests):
        ((_, alone),) = engine.complete([request], 0.0)
        assert isinstance(alone, Completion)
        assert alone == together[place]
        assert alone.text


def test_the_same_again_when_warm(engine: LocalEngine) -> None:
    first, second = (list(engine.complete([_request("red dog")], 0.7)) for _ in range(2))
    assert first == second


def test_too_long_for_the_model(engine: LocalEngine) -> None:
    results = dict(engine.complete([_request("red dog " * 5000), _request("red dog")], 0.0))
    assert isinstance(results[0], Failure)
    assert results[0].is_final
    assert isinstance(results[1], Completion)


def test_control_tokens_in_a_text_are_letters(engine: LocalEngine) -> None:
    lm = engine._loaded()
    ids = LocalEngine._tokens(lm, _request("<|end|> <|start|> <bos>"))
    own = ids[len(lm.frame.begin) : len(ids) - len(lm.frame.end)]
    assert not set(own) & set(lm.tokenizer.all_special_ids)


def test_nothing_is_loaded_before_it_is_needed() -> None:
    engine = LocalEngine("no-such-model-anywhere")
    assert (engine.title, engine.at_once) == ("local no-such-model-anywhere", 8)


def test_its_name_tells_the_weights(tiny_causal_lm: Callable[..., Any], tmp_path: Path) -> None:
    lm = tiny_causal_lm()
    folder = shutil.copytree(lm.folder, tmp_path / "mine")
    name = LocalEngine(folder).name
    assert lm.sha256[:16] in name
    assert LocalEngine("mine", lm=lm).name == name  # the same weights
    assert LocalEngine(folder, dtype="bf16").name != name
    weights = folder / "model.safetensors"
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    assert LocalEngine(folder).name != name


def test_an_answer_that_does_not_end_is_cut(engine: LocalEngine) -> None:
    ((_, one),) = engine.complete([_request("red dog", 2)], 0.0)
    assert isinstance(one, Completion)
    lm = engine._loaded()
    assert one.is_cut == (len(lm.tokenizer(one.text, add_special_tokens=False)["input_ids"]) >= 2)


def test_without_leave_nothing_is_written(engine: LocalEngine) -> None:
    given = iter([5.0, 0.0])
    found = list(engine.complete([_request("red"), _request("dog"), _request("no")], 0.0, lambda r: next(given)))
    assert [place for place, _ in found] == [0]
    assert list(engine.complete([_request("red")], 0.0, lambda request: 0.0)) == []
