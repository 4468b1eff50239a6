"""What a system counts while it reads, and how much it reads at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from erckit.conversation import Conversation, Utterance
from erckit.prompting.scoring import label_likelihood, prompt_system
from erckit.prompting.scoring.label_likelihood import label_scores
from erckit.prompting.scoring.prompt_system import PromptSystem
from erckit.recipe.prompt_builder import llm_builder


def _system(
    llm_recipe: Callable[..., Any], corpus: Any, lm: Any, name: str, style: Any = None, **context: Any
) -> PromptSystem:
    groups: dict[str, Any] = {"style": style or {}, "context": {"max_tokens": 120, "left_context": 40}}
    if name == "emonet_llm":
        groups["model"] = {"history": {"scope": "conversation"}}
    builder = llm_builder(llm_recipe(name, **groups), corpus)
    return PromptSystem(lm, replace(builder, settings=replace(builder.settings, **context)))


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("bios_erc", {"biographies": "none"}),
        ("bios_erc", {"biographies": "none", "history": "window", "window": 2}),
        ("emonet_llm", {"biography": False}),
        ("emonet_llm", {"biography": False, "history": "window", "window": 2}),
    ],
)
def test_an_utterance_that_is_cut_counts_once(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tiny_causal_lm: Any, name: str, style: Any
) -> None:
    system = _system(llm_recipe, ruled_corpus(3), tiny_causal_lm("llama"), name, style)
    texts = ["hello", "red dog " * 90, "yes", "blue cat " * 90, "no", "red dog " * 90]
    chat = Conversation("c1", tuple(Utterance(f"u{i}", "Ana", text) for i, text in enumerate(texts)))
    gathered = system.builder.gather([chat], keeps_vectors=False)
    system.scores(gathered, [0])
    assert system.truncated == 3


def test_batches_are_as_small_as_asked_for(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tiny_causal_lm: Any, monkeypatch: Any
) -> None:
    """Of a conversation that is cut many times, and of the content-free prompts as well."""
    lm = tiny_causal_lm("llama")
    system = _system(
        llm_recipe, ruled_corpus(3), lm, "bios_erc", {"biographies": "none"}, removes_prior=True, label_form="full"
    )
    words = ["red dog", "coffee", "angry", "you and the door"]
    chat = Conversation("c1", tuple(Utterance(f"u{i}", f"Ana{i % 5}", words[i % 4] * (1 + i % 3)) for i in range(60)))
    gathered = system.builder.gather([chat], keeps_vectors=False)
    wanted = system.scores(gathered, [0], batch_tokens=1 << 30)
    sizes: list[tuple[int, int]] = []

    def watched(lm: Any, batch: Any, normalise: bool = True) -> Any:
        sizes.append(tuple(batch.tokens.shape))
        return label_scores(lm, batch, normalise)

    monkeypatch.setattr(prompt_system, "label_scores", watched)
    monkeypatch.setattr(label_likelihood, "label_scores", watched)
    done: list[int] = []
    np.testing.assert_allclose(system.scores(gathered, [0], batch_tokens=700, advance=done.append), wanted, atol=1e-4)
    assert sum(done) == len(chat)
    assert len(sizes) > 5
    assert all(rows == 1 or rows * (width - 15) <= 700 for rows, width in sizes)  # rows are padded to a multiple of 16
    vectors = system.scores(gathered, [0], batch_tokens=700, wants_vectors=True)
    at_once = system.scores(gathered, [0], batch_tokens=1 << 30, wants_vectors=True)
    np.testing.assert_allclose(vectors, at_once, atol=1e-4)
