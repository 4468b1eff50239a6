"""Generated answers against a plain greedy loop."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from erckit.causal.causal_lm import CausalLM
from erckit.causal.prompt_segments import Room
from erckit.errors import SettingError
from erckit.prompting.answers.local_answers import generate
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt, Question


@pytest.mark.parametrize("kind", ["llama", "mistral"])
def test_equals_a_greedy_loop_without_cache(tiny_causal_lm: Callable[[str], CausalLM], kind: str) -> None:
    lm = tiny_causal_lm(kind)
    lines = tuple(f"{name}: {'red dog walk ' * (n + 1)}\n" for n, name in enumerate(("Ana", "Ben", "Cleo")))
    prompt = ConversationPrompt("feel\n", lines, tuple(Question(s, "how:") for s in (0, 1, 3)))
    wanted = []
    for question in prompt.questions:
        ids = [*lm.frame.begin, *lm.text_tokens(prompt.opening)]
        for line in lines[: question.sees]:
            ids += lm.text_tokens(line)
        ids += [*lm.text_tokens("how:"), *lm.frame.end]
        start = len(ids)
        with torch.inference_mode():
            while len(ids) < start + 6 and ids[-1] not in lm.stop_tokens[: len(ids) - start]:
                ids.append(int(lm.model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
        wanted.append(lm.tokenizer.decode(ids[start:], skip_special_tokens=True).strip())
    assert generate(lm, [prompt], max_tokens=6) == wanted
    assert generate(lm, [prompt], max_tokens=6, batch_tokens=1) == wanted
    assert len(set(wanted)) > 1


def test_too_long_is_refused(tiny_causal_lm: Callable[[str], CausalLM]) -> None:
    prompt = ConversationPrompt("red " * 600, (), (Question(0, "how:"),))
    with pytest.raises(SettingError, match="Lower max_tokens"):
        generate(tiny_causal_lm("qwen2"), [prompt], Room(4096, 10))
    assert generate(tiny_causal_lm("qwen2"), []) == []
