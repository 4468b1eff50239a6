"""Several prompts in one row: kinds of models that read them as if each stood alone, and kinds that are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from erckit.causal.causal_lm import CausalLM, load_causal_lm
from erckit.causal.prompt_attention import PLAIN
from erckit.errors import BackboneError
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt, Question
from erckit.prompting.scoring.label_likelihood import score_prompts
from erckit.prompting.scoring.tokenize_prompt import label_tokens

GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256}
NEW = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 256}
SIZES: dict[str, dict[str, Any]] = {
    "codegen": {**GPT, "rotary_dim": 4},
    "gptj": {**GPT, "rotary_dim": 4},
    "gpt_neox_japanese": {**NEW, "intermediate_multiple_size": 2},
    "gpt_oss": {
        **NEW, "num_key_value_heads": 2, "head_dim": 8, "intermediate_size": 32, "num_local_experts": 4,
        "num_experts_per_tok": 2, "sliding_window": 24,
    },
    "xglm": {"d_model": 32, "num_layers": 2, "attention_heads": 4, "ffn_dim": 64, "max_position_embeddings": 256},
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4},
    "mpt": {"d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 256},
    "falcon": {**NEW, "alibi": True},
    "gpt_neo": {
        "hidden_size": 32, "num_layers": 2, "attention_types": [[["global", "local"], 1]], "num_heads": 4,
        "window_size": 24, "max_position_embeddings": 256,
    },
    "rwkv": {"hidden_size": 32, "num_hidden_layers": 2},
    "openai-gpt": GPT,
}  # fmt: skip


@pytest.fixture
def made(tiny_causal_lm: Callable[..., CausalLM], tmp_path: Path) -> Callable[[str], Path]:
    """``made(kind)``: folder of a randomly initialised model of that kind."""

    def make(kind: str) -> Path:
        from transformers import AutoConfig, AutoModelForCausalLM

        tokenizer = tiny_causal_lm("qwen2").tokenizer
        tokenizer.save_pretrained(tmp_path)
        config = AutoConfig.for_model(
            kind, vocab_size=len(tokenizer), eos_token_id=0, bos_token_id=2, pad_token_id=0, **SIZES[kind]
        )
        model = AutoModelForCausalLM.from_config(config)
        generator = torch.Generator().manual_seed(3)
        with torch.no_grad():
            for parameter in model.parameters():  # the usual start leaves attention flat
                noise = torch.randn(parameter.shape, generator=generator)
                parameter.add_(0.2 * noise if parameter.ndim == 1 else 1.5 * noise / parameter.shape[-1] ** 0.5)
        model.save_pretrained(tmp_path)
        return tmp_path

    return make


@pytest.mark.parametrize("kind", PLAIN)
def test_plain_attention_obeys_the_mask(made: Callable[[str], Path], kind: str) -> None:
    lm = load_causal_lm(made(kind))
    labels = label_tokens(lm, ("happy", "sad day", "angry"), "full")
    lines = "red dog,green cat and blue dog,walk,talk to me,zebra walk,happy".split(",") * 4
    blocks = tuple(f"{who}: {text}\n" for who, text in zip("AB" * 12, lines, strict=True))
    prompts = [
        ConversationPrompt("what is felt\n", blocks[:n], tuple(Question(s, f"{s} feels:") for s in range(1, n + 1)))
        for n in (24, 7)
    ]
    # Read through the model's own forward pass, one prompt and nothing else.
    wanted = score_prompts(lm, prompts, labels, separate=True, batch_tokens=1)
    found = score_prompts(lm, prompts, labels, batch_tokens=1)
    assert np.ptp(wanted, axis=0).min() > 0.01
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    np.testing.assert_allclose(score_prompts(lm, prompts, labels), wanted, atol=1e-5)  # in one batch, padded


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("bloom", "ALiBi"),
        ("mpt", "ALiBi"),
        ("falcon", "ALiBi"),
        ("gpt_neo", "its local attention reaches"),
        ("rwkv", "does not take the positions of tokens"),
        ("openai-gpt", "not known to obey the mask"),
    ],
)
def test_a_kind_that_would_be_read_wrongly_is_refused(made: Callable[[str], Path], kind: str, why: str) -> None:
    folder = made(kind)
    with pytest.raises(BackboneError) as caught:
        load_causal_lm(folder)
    told = str(caught.value)
    assert f"is a '{kind}' model, which cannot read several prompts in one pass" in told
    assert why in told
    assert "smollm2-135m-instruct" in told
    assert "\n" not in told
