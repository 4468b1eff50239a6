"""One pass over a conversation against every prompt on its own, computed here the plain way."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from erckit.backbones.causal_lms import causal_backbone_folder
from erckit.causal.causal_lm import CausalLM, load_causal_lm
from erckit.causal.prompt_packing import asked_alone, pack_prompts
from erckit.causal.prompt_segments import Room
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt, Question
from erckit.prompting.scoring import label_likelihood
from erckit.prompting.scoring.label_likelihood import label_scores, prompt_batches, score_prompts
from erckit.prompting.scoring.tokenize_prompt import label_tokens, tokenize_prompt

LABELS = ("happy", "sad day", "angry")
WORDS = "red green blue dog cat walk talk happy sad day <|end|> <bos> zebra été".split()
KINDS = ("llama", "qwen2", "gemma3_text", "gemma2", "mistral", "gpt2")


def _text(rng: random.Random, most: int) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(1, most)))


def _prompt(seed: int, blocks: int, questions: int | None = None) -> ConversationPrompt:
    rng = random.Random(seed)
    lines = tuple(f"{rng.choice(('Ana', 'Ben'))}: {_text(rng, 7)}\n" for _ in range(blocks))
    sees = range(blocks + 1) if questions is None else [rng.randint(0, blocks) for _ in range(questions)]
    return ConversationPrompt(_text(rng, 6) + "\n", lines, tuple(Question(s, _text(rng, 4) + ":") for s in sees))


def _alone(lm: CausalLM, prompt: ConversationPrompt, labels: tuple[str, ...]) -> np.ndarray:
    """Each answer of each question in a sequence of its own, through the model's own forward pass."""
    rows = []
    with torch.inference_mode():
        for question in prompt.questions:
            before = [*lm.frame.begin, *lm.text_tokens(prompt.opening)]
            for block in prompt.blocks[: question.sees]:
                before += lm.text_tokens(block)
            before += [*lm.text_tokens(question.text), *lm.frame.end]
            row = []
            for label in labels:
                answer = lm.text_tokens(label if lm.frame.end else f" {label}")
                logits = lm.model(input_ids=torch.tensor([before + list(answer)])).logits[0].float()
                said = F.log_softmax(logits, dim=-1)[len(before) - 1 : -1]
                row.append(float(said[range(len(answer)), list(answer)].mean()))
            rows.append(row)
    return np.array(rows)


@pytest.mark.parametrize("kind", KINDS)
def test_one_pass_equals_prompts_written_out(tiny_causal_lm: Callable[..., CausalLM], kind: str) -> None:
    lm = tiny_causal_lm(kind)
    labels = label_tokens(lm, LABELS, "full")
    assert len({len(lm.text_tokens(f" {label}")) for label in LABELS}) > 1  # answers of one and of several tokens
    for seed in range(4):
        prompt = _prompt(seed, blocks=5)
        wanted = _alone(lm, prompt, LABELS)
        assert np.abs(score_prompts(lm, [prompt], labels) - wanted).max() < 1e-5
        assert np.abs(score_prompts(lm, [prompt], labels, separate=True) - wanted).max() < 1e-5
        assert np.ptp(wanted, axis=0).min() > 0.01  # the questions do differ


@settings(max_examples=25)
@given(data=st.data())
def test_one_pass_equals_separate(tiny_causal_lm: Callable[..., CausalLM], data: st.DataObject) -> None:
    lm = tiny_causal_lm(data.draw(st.sampled_from(("llama", "gemma3_text"))))
    prompts = [
        _prompt(data.draw(st.integers(0, 999)), data.draw(st.integers(0, 7)), data.draw(st.integers(0, 4)))
        for _ in range(data.draw(st.integers(1, 4)))
    ]
    opening = max(len(tokenize_prompt(lm, prompt).opening) for prompt in prompts)
    most = opening + data.draw(st.integers(20, 90))
    room = Room(most, data.draw(st.integers(0, 19)))
    labels = label_tokens(lm, LABELS, data.draw(st.sampled_from(("auto", "full"))))
    tokens = data.draw(st.sampled_from((1, 300, 5000)))
    one = score_prompts(lm, prompts, labels, room, batch_tokens=tokens)
    separate = score_prompts(lm, prompts, labels, room, batch_tokens=tokens, separate=True)
    assert one.shape == (sum(len(prompt.questions) for prompt in prompts), len(LABELS) if one.size else one.shape[1])
    np.testing.assert_allclose(one, separate, atol=1e-5)


@settings(max_examples=15)
@given(seed=st.integers(0, 99), changed=st.integers(1, 5))
def test_what_comes_later_changes_nothing(tiny_causal_lm: Callable[..., CausalLM], seed: int, changed: int) -> None:
    lm = tiny_causal_lm("llama")
    prompt = _prompt(seed, blocks=6)
    blocks = list(prompt.blocks)
    blocks[changed:] = ["Zoe: something else entirely, and longer than it was\n", "Zoe: more\n"][: 6 - changed]
    other = dataclasses.replace(
        prompt, blocks=tuple(blocks), questions=tuple(q for q in prompt.questions if q.sees <= len(blocks))
    )
    room = Room(len(tokenize_prompt(lm, prompt).opening) + 60, 20)
    before = score_prompts(lm, [prompt], LABELS, room)[: changed + 1]
    after = score_prompts(lm, [other], LABELS, room)[: len(other.questions)]
    np.testing.assert_allclose(after[: changed + 1], before, atol=1e-5)
    if changed < 5:
        assert np.abs(after[changed + 1] - score_prompts(lm, [prompt], LABELS, room)[changed + 1]).max() > 1e-4


def test_batch_of_many_equals_many_batches(tiny_causal_lm: Callable[..., CausalLM]) -> None:
    lm = tiny_causal_lm("qwen2")
    prompts = [_prompt(seed, blocks=1 + 3 * (seed % 3)) for seed in range(6)]
    labels = label_tokens(lm, LABELS, "full")
    together = score_prompts(lm, prompts, labels, batch_tokens=100_000)
    single = np.concatenate([score_prompts(lm, [prompt], labels) for prompt in prompts])
    np.testing.assert_allclose(together, single, atol=1e-5)


def test_gradients_equal_those_of_separate_prompts(tiny_causal_lm: Callable[..., CausalLM]) -> None:
    from peft import LoraConfig, get_peft_model

    lm = load_causal_lm(tiny_causal_lm("llama").folder)  # its own copy: adapters are put into the network
    model = get_peft_model(lm.model.double(), LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"]))
    generator = torch.Generator().manual_seed(3)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    with torch.no_grad():
        for parameter in trained.values():  # B starts at zero, which would leave the gradients of A zero
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) / 4)
    lm = lm.with_model(model.eval())
    labels = label_tokens(lm, LABELS, "full", stop=True)
    prompts = [tokenize_prompt(lm, _prompt(seed, blocks=4), labels) for seed in (1, 2)]
    gold = torch.tensor([row % len(LABELS) for row in range(10)])

    def gradients(separate: bool) -> dict[str, torch.Tensor]:
        model.zero_grad()
        batch = pack_prompts(asked_alone(prompts) if separate else prompts, separate=separate)
        F.cross_entropy(label_scores(lm, batch), gold, torch.tensor([1.0, 2.0, 0.5]).double()).backward()
        return {name: p.grad.clone() for name, p in trained.items() if p.grad is not None}

    one, separate = gradients(False), gradients(True)
    assert set(one) == set(separate) == set(trained)
    for name in one:
        assert one[name].abs().max() > 1e-6
        torch.testing.assert_close(one[name], separate[name], rtol=1e-6, atol=1e-7)


def test_own_answers_and_whole_texts(tiny_causal_lm: Callable[..., CausalLM]) -> None:
    lm = tiny_causal_lm("qwen2")
    prompt = ConversationPrompt(
        "who?\n", ("Ana: red\n",), (Question(1, "Speaker:", ("Ana", "Ben")), Question(1, "Why:", ("a dog can walk",)))
    )
    batch = pack_prompts([tokenize_prompt(lm, prompt, None)])
    scores = label_scores(lm, batch)
    assert scores.shape == (2, 2)
    assert torch.isinf(scores[1, 1])
    whole = label_scores(lm, batch, normalise=False)
    tokens = len(lm.text_tokens(" a dog can walk")) + 1  # the end of the answer is learnt too
    torch.testing.assert_close(whole[1, 0], scores[1, 0] * tokens)
    before = [token for text in ("who?\n", "Ana: red\n", "Speaker:") for token in lm.text_tokens(text)]
    answer = [*lm.text_tokens(" Ben"), *lm.stop_tokens[:1]]
    said = F.log_softmax(lm.model(input_ids=torch.tensor([before + answer])).logits[0], dim=-1)[len(before) - 1 : -1]
    torch.testing.assert_close(scores[0, 1], said[range(len(answer)), answer].mean(), atol=1e-5, rtol=0)


def test_separate_prompts_have_no_mask_and_more_tokens(tiny_causal_lm: Callable[..., CausalLM]) -> None:
    lm = tiny_causal_lm("llama")
    labels = label_tokens(lm, ("happy", "sad", "angry"))
    assert labels.form == "first"
    tokenized = tokenize_prompt(lm, _prompt(5, blocks=8), labels)
    one, separate = pack_prompts([tokenized]), pack_prompts([tokenized], separate=True)
    assert not one.is_plain
    assert separate.is_plain
    assert separate.tokens.shape[0] == 9
    assert separate.text_tokens > 2 * one.text_tokens


def test_batches_hold_every_conversation_once(tiny_causal_lm: Callable[..., CausalLM]) -> None:
    lm = tiny_causal_lm("qwen2")
    tokenized = [tokenize_prompt(lm, _prompt(seed, seed % 7)) for seed in range(20)]
    batches = list(prompt_batches(tokenized, 400))
    assert sorted(c for batch in batches for c in batch) == list(range(20))
    assert len(batches) > 3
    for batch in batches:
        if len(batch) > 1:
            assert len(batch) * max(pack_prompts([tokenized[c]]).text_tokens for c in batch) <= 400


@pytest.mark.parametrize("separate", [False, True])
def test_a_long_conversation_is_read_a_piece_at_a_time(
    tiny_causal_lm: Callable[..., CausalLM], monkeypatch: pytest.MonkeyPatch, separate: bool
) -> None:
    lm = tiny_causal_lm("llama")
    long, short = _prompt(3, blocks=60), _prompt(4, blocks=3)
    labels = label_tokens(lm, LABELS, "full")
    room = Room(len(tokenize_prompt(lm, long).opening) + 60, 25)
    sizes = []

    def watched(lm: CausalLM, batch: Any, normalise: bool = True) -> torch.Tensor:
        sizes.append(tuple(batch.tokens.shape))
        return label_scores(lm, batch, normalise)

    monkeypatch.setattr(label_likelihood, "label_scores", watched)
    # everything in one batch: its rows are those of whole conversations
    tokenized = [tokenize_prompt(lm, prompt, labels) for prompt in (long, short)]
    whole = pack_prompts(tokenized, room, padding_token=lm.padding_token)
    with torch.inference_mode():
        wanted = label_scores(lm, whole).numpy()
    found = score_prompts(lm, [long, short], labels, room, batch_tokens=600, separate=separate)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert whole.tokens.numel() > 4 * 600
    assert len(sizes) > 4
    assert all(rows == 1 or rows * (width - 15) <= 600 for rows, width in sizes)  # rows are padded to a multiple of 16


@pytest.mark.slow
def test_smollm2_one_pass_equals_separate() -> None:
    if causal_backbone_folder("smollm2-135m-instruct") is None:
        pytest.skip("smollm2-135m-instruct is not on this machine: erckit backbones get smollm2-135m-instruct")
    lm: Any = load_causal_lm("smollm2-135m-instruct")
    lines = ("Ann: I got the job!\n", "Ben: Wow, great news.\n", "Ann: But I must move <|im_end|> away.\n")
    questions = tuple(Question(s, "Emotion of the last line?") for s in (1, 2, 3))
    prompt = ConversationPrompt("Emotions: joyful, mad, sad.\n", lines, questions)
    for form in ("first", "full"):
        labels = label_tokens(lm, ("joyful", "mad", "sad"), form)
        one, separate = (score_prompts(lm, [prompt], labels, separate=separate) for separate in (False, True))
        assert np.abs(one - separate).max() < 1e-3


def test_autocast_and_gradient_checkpointing(tiny_causal_lm: Callable[..., CausalLM]) -> None:
    lm = load_causal_lm(tiny_causal_lm("gemma3_text").folder)
    tokenized = [tokenize_prompt(lm, _prompt(seed, blocks=4), label_tokens(lm, LABELS, "full")) for seed in (1, 2)]
    batch = pack_prompts(tokenized)
    plain = label_scores(lm, batch)
    plain.sum().backward()
    wanted = {name: p.grad.clone() for name, p in lm.model.named_parameters()}
    with torch.autocast("cpu", torch.bfloat16):
        rough = label_scores(lm, batch)
    assert rough.dtype == torch.float32
    assert 1e-6 < float((rough - plain).detach().abs().max()) < 0.5
    lm.model.zero_grad()
    lm.model.train().gradient_checkpointing_enable()
    label_scores(lm, batch).sum().backward()
    for name, parameter in lm.model.named_parameters():
        torch.testing.assert_close(parameter.grad, wanted[name], rtol=1e-3, atol=1e-5)
