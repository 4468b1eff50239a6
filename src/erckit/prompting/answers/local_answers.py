"""Answers of a causal LM on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from erckit.causal.causal_lm import CausalLM
from erckit.causal.prompt_packing import separate_tokens
from erckit.causal.prompt_segments import Room
from erckit.prompting.answers.generate import generate
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt
from erckit.prompting.scoring.tokenize_prompt import tokenize_prompt


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
