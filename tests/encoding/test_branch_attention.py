"""Attention by tiles against one mask over everything, and against attention written out."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from erckit.encoding import branch_attention
from erckit.encoding.branch_attention import branched_attention, branches_of
from erckit.encoding.causal_lm import CausalLM, load_causal_lm
from erckit.encoding.prompt_packing import PromptBatch, TokenizedPrompt, TokenizedQuestion, pack_prompts


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
        branches = branches_of(batch, torch.float64)
    found, _ = branched_attention(nn.Module(), query, key, value, None, branches=branches, scaling=0.3)
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
        branches = branches_of(batch, torch.float32)
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
    (tiles,) = branches_of(batch, torch.float32).rows
    compared = sum(one.mask.numel() for one in tiles)
    assert compared < 0.4 * batch.tokens.shape[1] ** 2
    assert compared >= int(batch.allowed()[0, : batch.text_tokens].sum())


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt2"])
def test_models_take_it(tiny_causal_lm: Callable[..., CausalLM], kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lm = tiny_causal_lm(kind)
    calls = []
    tile = branch_attention._tile
    monkeypatch.setattr(branch_attention, "_TILE", 16)
    monkeypatch.setattr(branch_attention, "_tile", lambda *given: calls.append(given[3]) or tile(*given))
    batch = _batch(5)
    branches = lm.branches(batch)
    assert branches is not None
    with torch.inference_mode():
        mask = lm.attention_mask(batch.allowed(), batch.positions)
        wanted = lm.logits_at(batch.tokens, mask, batch.positions, batch.places)
        assert not calls
        # The mask is not looked at: with one that lets everything through the logits are the same.
        found = lm.logits_at(batch.tokens, torch.zeros_like(mask), batch.positions, batch.places, branches)
    assert len(calls) == 3 * sum(map(len, branches.rows)) > 20  # three layers
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=0)


def test_gradients_with_checkpointing(tiny_causal_lm: Callable[..., CausalLM]) -> None:
    lm = load_causal_lm(tiny_causal_lm("llama").folder)
    batch = _batch(6)
    branches = lm.branches(batch)
    assert branches is not None
    mask = lm.attention_mask(batch.allowed(), batch.positions)
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
    windows = tiny_causal_lm("gemma3_text")  # of 24 tokens
    assert windows.branches(short) is not None
    assert windows.branches(long) is None
    assert tiny_causal_lm("gemma2").branches(short) is None  # caps scores, in an implementation of its own
    assert tiny_causal_lm("llama").branches(long) is not None
    on_gpu = dataclasses.replace(long, tokens=long.tokens.to("meta"))
    assert tiny_causal_lm("llama").branches(on_gpu) is None


@pytest.mark.parametrize("given", [{"dropout": 0.5}, {"position_bias": torch.zeros(1)}])
def test_what_changes_scores_is_left_to_the_plain_implementation(
    given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers.integrations import sdpa_attention

    seen = []
    monkeypatch.setattr(
        sdpa_attention, "sdpa_attention_forward", lambda *a, **k: seen.append(k) or (torch.zeros(1), None)
    )
    batch = _batch(3)
    x = torch.zeros(len(batch.tokens), 2, batch.tokens.shape[1], 4)
    branched_attention(nn.Module(), x, x, x, None, branches=branches_of(batch, torch.float32), **given)
    assert len(seen) == 1
