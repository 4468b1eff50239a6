"""An LLM system at work: conversations in, a log-likelihood for every label of every utterance out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from erckit.encoding.causal_lm import CausalLM
from erckit.encoding.prompt_packing import TokenizedPrompt, pack_prompts
from erckit.encoding.prompt_segments import Room
from erckit.prompting.context_builder import ContextBuilder
from erckit.prompting.conversation_prompt import ConversationPrompt
from erckit.prompting.gathered import Gathered
from erckit.prompting.label_likelihood import label_scores, prompt_batches
from erckit.prompting.question_vectors import question_vectors
from erckit.prompting.tokenize_prompt import LabelTokens, label_tokens, tokenize_prompt

CHUNK = 64  # conversations whose prompts are held at a time


class PromptSystem:
    """A causal LM, a prompt style, and what its prompts are given.

    Args:
        lm: The causal LM, under LoRA where it was trained.
        builder: Gathers what prompts show.

    Attributes:
        labels: The labels as token ids.
        room: Longest prompt, and how a longer conversation is cut.
        tokens_processed: Tokens the causal LM has read so far, padding not counted.
        truncated: Utterances read so far that were cut to fit.
    """

    def __init__(self, lm: CausalLM, builder: ContextBuilder) -> None:
        self.lm, self.builder = lm, builder
        settings = builder.settings
        # the rest of the positions is for questions, answers and a chat model's frame
        longest = min(settings.max_tokens, max(64, lm.positions // 2))
        self.room = Room(max_tokens=longest, left_context=min(settings.left_context, longest // 2))
        self.labels: LabelTokens = label_tokens(
            lm, builder.label_set.labels, settings.label_form, words=builder.label_words
        )
        self.tokens_processed = self.truncated = 0

    def prompts(
        self,
        gathered: Gathered,
        c: int,
        emotions: NDArray[np.int64] | None = None,
        hidden: NDArray[np.bool_] | None = None,
    ) -> tuple[ConversationPrompt, ...]:
        """Prompts of conversation ``c``, one question per utterance in order; arguments as ``Gathered.context``."""
        context = gathered.context(c, emotions, hidden)
        return self.builder.style.prompts(gathered.conversations[c], context)

    def tokenize(self, prompts: Sequence[ConversationPrompt]) -> list[TokenizedPrompt]:
        """Prompts as token ids, with the labels as answers of all questions that have none of their own."""
        return [tokenize_prompt(self.lm, prompt, self.labels) for prompt in prompts]

    def scores(
        self,
        gathered: Gathered,
        targets: Sequence[int],
        *,
        batch_tokens: int = 4096,
        advance: Callable[[int], None] | None = None,
        known: NDArray[np.int64] | None = None,
        wants_vectors: bool = False,
    ) -> NDArray[np.float32]:
        """Log-likelihoods of every utterance of the targets, in the given order, (R, L).

        Where prompts show emotions of earlier utterances, a first pass labels all that are shown without showing any;
        the second pass shows these labels. The label of an utterance thus depends on nothing said after it, and on no
        gold label.

        Args:
            gathered: Targets and everything they may remember.
            targets: Indices of the target conversations.
            batch_tokens: Tokens read at a time.
            advance: Called with the number of utterances scored.
            known: Labels of every utterance row that this model gave before, negative for none; shown as they are.
            wants_vectors: Put the last state of each question behind its log-likelihoods, (R, L + H).
        """
        if not self.builder.shows_past or gathered.past is None:
            return self._score(gathered, targets, None, batch_tokens, advance, wants_vectors)
        emotions = np.full(gathered.utterances, -1, dtype=np.int64) if known is None else known.copy()
        shown = gathered.past.rows(gathered.rows(targets))
        first = gathered.owners(shown[emotions[shown] < 0])
        if first:
            rows = gathered.rows(first)
            own = self.blind_labels(gathered, first, batch_tokens)
            emotions[rows] = np.where(emotions[rows] < 0, own, emotions[rows])
        return self._score(gathered, targets, emotions, batch_tokens, advance, wants_vectors)

    def blind_labels(
        self, gathered: Gathered, conversations: Sequence[int], batch_tokens: int = 4096
    ) -> NDArray[np.int64]:
        """The first pass: likeliest label of every utterance of some conversations, no emotions shown, (R,).

        Without gradient and dropout; no random number is drawn.
        """
        scores = self._score(gathered, conversations, None, batch_tokens, None)
        return scores.argmax(axis=1).astype(np.int64)

    def _score(
        self,
        gathered: Gathered,
        targets: Sequence[int],
        emotions: NDArray[np.int64] | None,
        batch_tokens: int,
        advance: Callable[[int], None] | None,
        wants_vectors: bool = False,
    ) -> NDArray[np.float32]:
        parts: list[NDArray[np.float32]] = []
        model, count = self.lm.model, len(self.builder.label_set)
        was_training = model.training
        model.eval()
        try:
            for start in range(0, len(targets), CHUNK):
                prompts = [p for c in targets[start : start + CHUNK] for p in self.prompts(gathered, c, emotions)]
                rows = self._read(self.tokenize(prompts), batch_tokens, advance, wants_vectors)
                if self.builder.settings.removes_prior:
                    from erckit.prompting.prior import label_prior

                    rows[:, :count] -= label_prior(self.lm, prompts, self.labels, self.room)
                parts.append(rows)
        finally:
            model.train(was_training)
        return np.concatenate(parts) if parts else np.empty((0, count), dtype=np.float32)

    @torch.inference_mode()
    def _read(
        self,
        prompts: Sequence[TokenizedPrompt],
        batch_tokens: int,
        advance: Callable[[int], None] | None,
        wants_vectors: bool,
    ) -> NDArray[np.float32]:
        starts = np.cumsum([0, *(len(prompt.questions) for prompt in prompts)])
        fits = [self.room.max_tokens - len(prompt.opening) for prompt in prompts]
        self.truncated += sum(len(b) > room for p, room in zip(prompts, fits, strict=True) for b in p.blocks)
        width = len(self.builder.label_set) + (int(self.lm.model.config.hidden_size) if wants_vectors else 0)
        scores = np.empty((int(starts[-1]), width), dtype=np.float32)
        for chosen in prompt_batches(prompts, batch_tokens):
            batch = pack_prompts(
                [prompts[c] for c in chosen],
                self.room,
                padding_token=self.lm.padding_token,
                positions=self.lm.positions,
            )
            self.tokens_processed += batch.text_tokens
            batch = batch.to(self.lm.device)
            if wants_vectors:
                found = torch.cat(question_vectors(self.lm, batch), dim=1)  # (R, L + H)
            else:
                found = label_scores(self.lm, batch)  # (R, L)
            rows = np.concatenate([np.arange(starts[c], starts[c + 1]) for c in chosen])
            scores[rows] = found.float().cpu().numpy()
            if advance:
                advance(len(rows))
        return scores
