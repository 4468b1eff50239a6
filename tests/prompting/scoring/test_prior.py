"""Contextual calibration: what a model says of nothing is taken from what it says of something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from erckit.causal.causal_lm import CausalLM
from erckit.prompting.prompt.conversation_prompt import CONTENT, ContentFree, ConversationPrompt, Question
from erckit.prompting.scoring import prior as prior_module
from erckit.prompting.scoring.label_likelihood import score_prompts
from erckit.prompting.scoring.prior import label_prior

LABELS = ("happy", "sad", "angry")


def test_prior_is_the_mean_over_content_free_prompts(tiny_causal_lm: Callable[[str], CausalLM]) -> None:
    lm = tiny_causal_lm("qwen2")
    quoting = ContentFree("tell\n", "", f"<{CONTENT}>:")
    prompts = [
        ConversationPrompt("feel\n", ("Ana: red\n", "Ben: dog\n"), (Question(1, "Who:"), Question(2, "How:"))),
        ConversationPrompt("feel\n", ("Ana: cat\n",), (Question(1, "How:"), Question(0, "<cat>:", (), quoting))),
    ]
    found = label_prior(lm, prompts, LABELS, texts=("N/A", "red"))
    assert found.shape == (4, 3)
    line = 'feel\nSpeaker: "{}"\n'
    for row, text in enumerate((f"{line}Who:", f"{line}How:", f"{line}How:", "tell\n<{}>:")):
        distributions = []
        for content in ("N/A", "red"):
            *before, question = text.replace("{}", content).splitlines(keepends=True)
            empty = ConversationPrompt("".join(before[:1]), tuple(before[1:]), (Question(len(before) - 1, question),))
            powers = np.exp(score_prompts(lm, [empty], LABELS)[0])
            distributions.append(powers / powers.sum())
        np.testing.assert_allclose(found[row], np.log(np.mean(distributions, axis=0)), atol=1e-5)
    assert not np.allclose(found[0], found[1])


def test_content_free_conversation_becomes_uniform(tiny_causal_lm: Callable[[str], CausalLM]) -> None:
    lm = tiny_causal_lm("llama")
    empty = ConversationPrompt("feel\n", ('Speaker: "N/A"\n',), (Question(1, "How:"),))
    scores = score_prompts(lm, [empty], LABELS)
    left = np.exp(scores - label_prior(lm, [empty], LABELS, texts=("N/A",)))
    np.testing.assert_allclose(left / left.sum(), 1 / 3, atol=1e-5)


def test_equal_questions_are_asked_once(tiny_causal_lm: Callable[[str], CausalLM], monkeypatch: Any) -> None:
    asked = []

    def counted(lm: Any, prompts: Any, *rest: Any, **options: Any) -> np.ndarray:
        asked.extend(prompts)
        return score_prompts(lm, prompts, *rest, **options)

    monkeypatch.setattr(prior_module, "score_prompts", counted)
    prompts = [ConversationPrompt("feel\n", (f"Ana: {i}\n",), (Question(1, "How:"),)) for i in range(9)]
    assert label_prior(tiny_causal_lm("llama"), prompts, LABELS).shape == (9, 3)
    assert len(asked) == 3
