"""Attention by tiles against one mask over everything, and against attention written out."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from erckit.causal import branch_attention
from erckit.causal.branch_attention import branched_attention, branches_of
from erckit.causal.causal_lm import CausalLM, load_causal_lm
from erckit.causal.prompt_packing import PromptBatch, TokenizedPrompt, TokenizedQuestion, pack_prompts


def _prompt(rng: random.Random, blocks: int, questions: int) -> TokenizedPrompt:
    def tokens(most: int) -> tuple[int, ...]:
        return tuple(rng.randrange(5, 90) for _ in range(rng.randint(1, most)))

    asked = [
        TokenizedQuestion(rng.randint(0, blocks), tokens(9), tuple(tokens(3) for _ in range(rng.randint(1, 4))))
        for _ in range(questions)
    ]
    return TokenizedPrompt(tokens(6), tuple(tokens(12) for _ in range(blocks)), tuple(asked))


def _batch(seed: int, conversations: int = 3) -> PromptBatch:
    rng = random.Random(seed)
    return pack_prompts([_prompt(rng, rng.randint(0, 9), rng.randint(1, 7)) for _ in range(conversations)])


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 9999), tile=st.sampled_from((1, 7, 32, 128)), data=st.data())
def test_tiles_are_the_mask(seed: int, tile: int, data: st.DataObject) -> None:
    batch = _batch(seed, data.draw(st.integers(1, 4)))
    size = batch.tokens.shape[1]
    groups, per_group, width = data.draw(st.sampled_from(((1, 1, 4), (2, 3, 8), (3, 1, 2))))
    generator = torch.Generator().manual_seed(seed)
    query, key, value = (
        torch.randn(len(batch.tokens), heads, size, width, generator=generator, dtype=torch.float64, requires_grad=True)
        for heads in (groups * per_group, groups, groups)
    )
    # Written out: every head, every pair.
    keys, values = key.repeat_interleave(per_group, 1), value.repeat_interleave(per_group, 1)
    scores = (query @ keys.transpose(-1, -2)) * 0.3
    wanted = scores.masked_fill(~batch.allowed()[:, None], -torch.inf).softmax(-1) @ values  # (B, N, T, D)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(branch_attention, "_TILE", tile)
        mask = torch.zeros(1)  # known by what it is, not by what is in it
        branches = branches_of(batch, torch.float64, [mask])
    found, _ = branched_attention(nn.Module(), query, key, value, mask, branches=branches, scaling=0.3)
    is_text = (batch.branches >= 0)[:, None, :, None]
    torch.testing.assert_close(found.transpose(1, 2) * is_text, wanted * is_text)
    assert not found.transpose(1, 2)[~is_text.expand_as(wanted)].any()  # padding
    weight = torch.randn(wanted.shape, generator=generator, dtype=torch.float64) * is_text
    for theirs, mine in zip(
        torch.autograd.grad((wanted * weight).sum(), (query, key, value)),
        torch.autograd.grad((found.transpose(1, 2) * weight).sum(), (query, key, value)),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 9999), tile=st.sampled_from((1, 7, 32)))
def test_tiles_hold_every_token_once_and_questions_whole(seed: int, tile: int) -> None:
    batch = _batch(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(branch_attention, "_TILE", tile)
        branches = branches_of(batch, torch.float32, [])
    for b, tiles in enumerate(branches.rows):
        places = [t for one in tiles for t in range(one.start, one.stop)]
        assert places == list(range(int((batch.branches[b] >= 0).sum())))
        for one in tiles:
            inside = set(batch.branches[b, one.start : one.stop].tolist())
            outside = set(batch.branches[b].tolist()) - inside | {0}
            assert inside == {0} or not inside & (outside - {-1})
            assert one.mask.shape == (1, 1, one.stop - one.start, one.shared + one.stop - one.start)
            alone = len(inside) == 1 and inside != {0}
            assert one.stop - one.start <= tile or alone  # a question that is longer stands by itself


def test_less_is_compared() -> None:
    rng = random.Random(1)
    prompt = TokenizedPrompt(
        (7, 8),
        tuple(tuple(rng.randrange(5, 90) for _ in range(30)) for _ in range(20)),
        tuple(TokenizedQuestion(t + 1, tuple(range(9, 39)), ((1,), (2,))) for t in range(20)),
    )
    batch = pack_prompts([prompt])
    (tiles,) = branches_of(batch, torch.float32, []).rows
    compared = sum(one.mask.numel() for one in tiles)
    assert compared < 0.4 * batch.tokens.shape[1] ** 2
    assert compared >= int(batch.allowed()[0, : batch.text_tokens].sum())


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2", "gemma3_text"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_models_take_it(
    tiny_causal_lm: Callable[..., CausalLM], kind: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = tiny_causal_lm(kind)
    calls = []
    tile = branch_attention._tile
    monkeypatch.setattr(branch_attention, "_TILE", 4)
    monkeypatch.setattr(branch_attention, "_tile", lambda *given: calls.append(given[3]) or tile(*given))
    blocks = 0 if kind == "gemma3_text" else 3  # short: its windows are of 24 tokens
    batch = pack_prompts([_prompt(random.Random(seed), blocks, 5) for seed in (1, 2)])
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        mask = lm.attention_mask(batch.allowed(), batch.positions)
        branches = lm.branches(batch, mask)
        assert branches is not None
        wanted = lm.logits_at(batch.tokens, mask, batch.positions, batch.places)
        assert not calls
        found = lm.logits_at(batch.tokens, mask, batch.positions, batch.places, branches)
        assert len(calls) == 3 * sum(map(len, branches.rows)) > 20  # three layers
        # A layer that makes a mask of its own of the one it is given has its way.
        calls.clear()
        other = {name: one + 0 for name, one in mask.items()} if isinstance(mask, dict) else mask + 0
        torch.testing.assert_close(lm.logits_at(batch.tokens, other, batch.positions, batch.places, branches), wanted)
        assert not calls
    with torch.inference_mode():
        exact = lm.logits_at(batch.tokens, mask, batch.positions, batch.places)
    if dtype == torch.float32:
        torch.testing.assert_close(found, exact, atol=1e-4, rtol=0)
    else:  # about as rough as the plain implementation
        assert float((found - exact).square().mean()) < 2 * float((wanted - exact).square().mean())


def test_gradients_with_checkpointing(tiny_causal_lm: Callable[..., CausalLM]) -> None:
    lm = load_causal_lm(tiny_causal_lm("llama").folder)
    batch = _batch(6)
    mask = lm.attention_mask(batch.allowed(), batch.positions)
    branches = lm.branches(batch, mask)
    assert branches is not None
    lm.logits_at(batch.tokens, mask, batch.positions, batch.places).logsumexp(-1).sum().backward()
    wanted = {name: p.grad.clone() for name, p in lm.model.named_parameters()}
    lm.model.zero_grad()
    lm.model.train().gradient_checkpointing_enable()
    lm.logits_at(batch.tokens, mask, batch.positions, batch.places, branches).logsumexp(-1).sum().backward()
    for name, parameter in lm.model.named_parameters():
        torch.testing.assert_close(parameter.grad, wanted[name], rtol=1e-3, atol=1e-4)


def test_where_the_mask_alone_will_do(tiny_causal_lm: Callable[..., CausalLM]) -> None:
    rng = random.Random(2)
    short, long = (
        pack_prompts([TokenizedPrompt((7,), (tuple(rng.randrange(5, 90) for _ in range(n)),), (ask,))])
        for n, ask in ((12, TokenizedQuestion(1, (5, 6), ((1,),))), (40, TokenizedQuestion(1, (5, 6), ((1,),))))
    )

    def has(kind: str, batch: PromptBatch) -> bool:
        lm = tiny_causal_lm(kind)
        return lm.branches(batch, lm.attention_mask(batch.allowed(), batch.positions)) is not None

    assert has("gemma3_text", short)
    assert not has("gemma3_text", long)  # windows of 24 tokens
    assert not has("gemma2", short)  # caps scores, in an implementation of its own
    assert has("llama", long)
    on_gpu = dataclasses.replace(long, tokens=long.tokens.to("meta"))
    assert tiny_causal_lm("llama").branches(on_gpu, None) is None


def test_a_model_with_attention_of_its_own_keeps_it(tiny_causal_lm: Callable[..., CausalLM], tmp_path: Path) -> None:
    from transformers import FalconConfig, FalconForCausalLM, GptOssConfig, GptOssForCausalLM

    lm = tiny_causal_lm("qwen2")
    size = {"vocab_size": len(lm.tokenizer), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    torch.manual_seed(1)
    falcon = tmp_path / "falcon"
    FalconForCausalLM(FalconConfig(**size)).save_pretrained(falcon)
    lm.tokenizer.save_pretrained(falcon)
    loaded = load_causal_lm(falcon)
    batch = _batch(4)
    assert loaded.branches(batch, loaded.attention_mask(batch.allowed(), batch.positions)) is None
    sinks = tmp_path / "sinks"  # each head has a logit that belongs to no token
    GptOssForCausalLM(
        GptOssConfig(**size, num_key_value_heads=2, head_dim=8, intermediate_size=32, num_local_experts=2)
    ).save_pretrained(sinks)
    lm.tokenizer.save_pretrained(sinks)
    plain = load_causal_lm(sinks)
    assert plain.model.config._attn_implementation == "eager"
    assert plain.branches(batch, plain.attention_mask(batch.allowed(), batch.positions)) is None


def test_dropout_is_left_to_the_plain_implementation(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers.integrations import sdpa_attention

    seen: list[Any] = []
    monkeypatch.setattr(
        sdpa_attention, "sdpa_attention_forward", lambda *given, **_: seen.append(given[5]) or (torch.zeros(1), None)
    )
    batch, mask = _batch(3), torch.zeros(1)
    x = torch.zeros(len(batch.tokens), 2, batch.tokens.shape[1], 4)
    branches = branches_of(batch, torch.float32, [mask])
    branched_attention(nn.Module(), x, x, x, mask, branches=branches, dropout=0.5)
    assert seen == [0.5]
