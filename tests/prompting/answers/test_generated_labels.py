"""Labels of generated answers against a naive parse, and what a server that misbehaves makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from erckit.causal.prompt_segments import Room
from erckit.errors import AnnotationError
from erckit.prompting.answers.endpoint_answers import EndpointAnswers
from erckit.prompting.engines.answer_cache import AnnotationCache
from erckit.prompting.engines.budget import Budget, BudgetSettings
from erckit.prompting.engines.endpoint import EndpointEngine
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt, Question

PROMPT = ConversationPrompt(
    "Feel.\n", tuple(f'Ana: "line {i}"\n' for i in range(6)), tuple(Question(i + 1, "Emotion:") for i in range(6))
)


def _answers(server: Any, path: Path, tries: int = 3, tokens: int = 0, timeout: float = 5.0) -> EndpointAnswers:
    engine = EndpointEngine(server.url, "m", timeout=timeout, parallel=1)
    budget = Budget(BudgetSettings(tries=tries, tokens=tokens, first_wait=0.0))
    return EndpointAnswers(engine, AnnotationCache(path, engine.name), budget, Room(), sleep=lambda seconds: None)


def test_the_prompts_are_sent_as_they_are_and_asked_once(server: Any, cache_path: Path) -> None:
    server.script = ["ok joy"]
    assert _answers(server, cache_path).answer([PROMPT]) == ["joy"] * 6
    sent = [body["messages"] for body in server.seen]
    assert sorted(messages[0]["content"] for messages in sent) == sorted(map(PROMPT.separate, PROMPT.questions))
    assert all(len(messages) == 1 and messages[0]["role"] == "user" for messages in sent)  # no empty system message
    assert _answers(server, cache_path).answer([PROMPT]) == ["joy"] * 6
    assert len(server.seen) == 6


def test_nonsense_is_an_answer_and_asked_once(server: Any, cache_path: Path) -> None:
    server.script = ["ok As an AI I cannot say."]
    assert _answers(server, cache_path).answer([PROMPT]) == ["As an AI I cannot say."] * 6
    assert len(server.seen) == 6


def test_what_stays_empty_is_kept_as_empty(server: Any, cache_path: Path) -> None:
    server.script = ["ok joy", "ok  "]
    found = _answers(server, cache_path, tries=3).answer([PROMPT])
    assert sorted(found) == ["", "", "", "", "", "joy"]
    assert len(server.seen) == 1 + 5 * 3
    assert sorted(body["temperature"] for body in server.seen) == [0.0] * 6 + [0.7] * 10
    assert _answers(server, cache_path).answer([PROMPT]) == found
    assert len(server.seen) == 16  # nothing is paid for twice


def test_an_answer_without_text_is_no_end_of_the_run(server: Any, cache_path: Path) -> None:
    server.script = ["ok joy", b'{"choices": [{"message": {"content": null}}], "usage": {"total_tokens": 30}}']
    answers = _answers(server, cache_path, tries=2)
    assert sorted(answers.answer([PROMPT])) == ["", "", "", "", "", "joy"]
    assert answers.tokens == 10 + 10 * 30


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (500, "answers 500"),
        ("slow", "within 0.3 seconds"),
        (b"<html>", "no chat completion"),
        ("hang up", "cut the connection"),
    ],
)
def test_a_server_that_fails_is_an_error_and_the_next_run_goes_on(
    server: Any, cache_path: Path, entry: Any, said: str
) -> None:
    server.script = ["ok joy", "ok joy", "ok joy", entry]
    with pytest.raises(AnnotationError, match=rf"no answer after 2 tries.*{said}.*the 3 new ones are kept"):
        _answers(server, cache_path, tries=2, timeout=0.3).answer([PROMPT])
    asked = len(server.seen)
    server.script = ["ok sad"]
    found = _answers(server, cache_path).answer([PROMPT])
    assert sorted(found) == ["joy"] * 3 + ["sad"] * 3
    assert len(server.seen) == asked + 3


def test_a_wrong_key_is_told_at_once(server: Any, cache_path: Path) -> None:
    server.script = [401]
    with pytest.raises(AnnotationError, match="ERCKIT_ENDPOINT_KEY"):
        _answers(server, cache_path).answer([PROMPT])


def test_the_budget_ends_it(server: Any, cache_path: Path) -> None:
    server.script = ["ok joy"]
    with pytest.raises(AnnotationError, match=r"budget of 60 tokens is spent.*answers are missing"):
        _answers(server, cache_path, tokens=60).answer([PROMPT])
    assert 0 < len(server.seen) < 6


def test_a_kept_file_holds_no_utterance(server: Any, cache_path: Path) -> None:
    server.script = ["ok joy"]
    _answers(server, cache_path).answer([PROMPT])
    rows = [json.loads(line) for line in cache_path.read_text().splitlines()]
    assert len(rows) == 6
    assert "line 3" not in cache_path.read_text()


@pytest.mark.parametrize("system", ["instruct_erc", "emonet_llm"])
def test_labels_are_a_naive_parse_of_what_is_generated(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tiny_causal_lm: Callable[..., Any], system: str
) -> None:
    from erckit.prompting.answers.generated_labels import generated_labels
    from erckit.prompting.answers.local_answers import LocalAnswers
    from erckit.recipe.prompt_builder import llm_builder

    corpus = ruled_corpus(4)
    style = {"demonstrations": 0} if system == "instruct_erc" else {}
    recipe = llm_recipe(system, style=style, model={"history": {"scope": "all"}} if system == "emonet_llm" else {})
    builder = llm_builder(recipe, corpus)
    gathered = builder.gather(corpus.split("test"))
    seen: list[Any] = []

    class Chatty:
        """Says the speaker's word of the last line in some way, or something else."""

        name, tokens, parameters = "chatty", 0, None

        def answer(self, prompts: Any, advance: Any = None) -> list[str]:
            texts = [prompt.separate(question) for prompt in prompts for question in prompt.questions]
            seen.append(texts)
            return [("Calm", " cross.", "I am glad", "who knows", "")[len(text) % 5] for text in texts]

    read = generated_labels(builder, Chatty(), gathered, range(6))
    wanted = {"Calm": "Calm", " cross.": "Cross"}
    assert read.labels == tuple(wanted.get(text) for text in read.texts)
    assert 0 < read.unparsed_rate < 1
    assert len(seen) == (2 if system == "emonet_llm" else 1)
    if system == "emonet_llm":  # the second pass shows what the first read, and no label where it read none
        assert any("(calm)" in text or "(cross)" in text for text in seen[1])
        assert not any("(calm)" in text or "(cross)" in text for text in seen[0])
        assert not any("(glad)" in text for text in seen[1])

    lm = tiny_causal_lm("llama")
    local = LocalAnswers(lm, Room(), max_tokens=3)
    done: list[int] = []
    words = generated_labels(builder, local, gathered, range(2), "contained", advance=done.append)
    for text, label in zip(words.texts, words.labels, strict=True):
        named = {name for name in corpus.label_set.labels if name.lower() in text.lower().split()}
        assert (label in named) if len(named) == 1 else (label is None or label in named)
    assert sum(done) == len(gathered.rows(range(2)))
    assert local.tokens > 0
