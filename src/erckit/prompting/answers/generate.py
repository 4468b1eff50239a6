"""Answers written by the model word by word, as the published systems do it.

Kept for comparison: scores of labels (``label_likelihood``) need no parsing, are calibrated and cost less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from erckit.causal.causal_lm import CausalLM
from erckit.causal.prompt_packing import separate_tokens
from erckit.causal.prompt_segments import Room
from erckit.errors import SettingError
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt
from erckit.prompting.scoring.tokenize_prompt import tokenize_prompt


def generate(
    lm: CausalLM,
    prompts: Sequence[ConversationPrompt],
    room: Room | None = None,
    *,
    max_tokens: int = 16,
    batch_tokens: int = 4096,
    advance: Callable[[int], None] | None = None,
) -> list[str]:
    """The model's own answer to every question, each asked in a prompt of its own; greedy, with a key-value cache.

    Args:
        lm: The model.
        prompts: One for each conversation.
        room: How long conversations are cut.
        max_tokens: Most tokens of an answer.
        batch_tokens: Tokens of a batch, padding and answers included.
        advance: Called with the number of answers done since.

    Returns:
        One text per question, conversation by conversation, without the token that ends it.
    """
    rows: list[tuple[int, ...]] = []
    for prompt in prompts:
        rows.extend(separate_tokens(tokenize_prompt(lm, prompt), room))
    longest = max(map(len, rows), default=0) + max_tokens
    if longest > lm.positions:
        raise SettingError(
            f"a prompt has {longest} tokens with its answer, and {lm.name} takes {lm.positions}. "
            "Lower max_tokens or shorten the question."
        )
    answers = [""] * len(rows)
    order = sorted(range(len(rows)), key=lambda r: len(rows[r]), reverse=True)
    while order:
        count = max(1, batch_tokens // (len(rows[order[0]]) + max_tokens))
        chosen, order = order[:count], order[count:]
        for r, answer in zip(chosen, _generate(lm, [rows[r] for r in chosen], max_tokens), strict=True):
            answers[r] = answer
        if advance is not None:
            advance(len(chosen))
    return answers


def _generate(lm: CausalLM, rows: Sequence[Sequence[int]], max_tokens: int) -> list[str]:
    from transformers import GenerationConfig

    width = max(map(len, rows))
    tokens = torch.full((len(rows), width), lm.padding_token)  # (B, T)
    mask = torch.zeros(len(rows), width, dtype=torch.long)
    for b, row in enumerate(rows):  # padded on the left, so that all answers begin in the same column
        tokens[b, width - len(row) :] = torch.tensor(row)
        mask[b, width - len(row) :] = 1
    settings = GenerationConfig(
        do_sample=False, max_new_tokens=max_tokens, eos_token_id=list(lm.stop_tokens), pad_token_id=lm.padding_token
    )
    with torch.inference_mode():
        written = lm.model.generate(
            input_ids=tokens.to(lm.device), attention_mask=mask.to(lm.device), generation_config=settings
        )
    return [lm.tokenizer.decode(row, skip_special_tokens=True).strip() for row in written[:, width:]]
