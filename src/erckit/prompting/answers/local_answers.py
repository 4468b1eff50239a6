"""Answers of a causal LM on this machine."""

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


class LocalAnswers:
    """The likeliest words of a causal LM, under its adapters where it has some.

    Args:
        lm: The causal LM.
        room: Longest prompt, and how a longer conversation is cut: as where labels are scored.
        max_tokens: Longest answer.
        precision: ``fp32`` or ``bf16``, as the model was loaded.
        batch_tokens: Tokens of a batch, padding and answers included.
    """

    def __init__(
        self, lm: CausalLM, room: Room, max_tokens: int = 16, precision: str = "fp32", batch_tokens: int = 4096
    ) -> None:
        self._lm, self._room, self._max_tokens, self._batch_tokens = lm, room, max_tokens, batch_tokens
        self._precision = precision
        self.tokens = 0

    @property
    def name(self) -> str:
        """The model's name."""
        return self._lm.name

    @property
    def parameters(self) -> int | None:
        """Parameters of the causal LM with its adapters."""
        return sum(p.numel() for p in self._lm.model.parameters())

    def answer(self, prompts: Sequence[ConversationPrompt], advance: Callable[[int], None] | None = None) -> list[str]:
        """See :class:`erckit.prompting.answers.answerer.Answerer`."""
        for prompt in prompts:
            self.tokens += sum(map(len, separate_tokens(tokenize_prompt(self._lm, prompt), self._room)))
        was_training = self._lm.model.training
        self._lm.model.eval()
        try:
            with torch.autocast(self._lm.device.type, torch.bfloat16, enabled=self._precision == "bf16"):
                return generate(
                    self._lm,
                    prompts,
                    self._room,
                    max_tokens=self._max_tokens,
                    batch_tokens=self._batch_tokens,
                    advance=advance,
                )
        finally:
            self._lm.model.train(was_training)
