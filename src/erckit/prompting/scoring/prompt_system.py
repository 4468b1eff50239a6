"""An LLM system at work: conversations in, a log-likelihood for every label of every utterance out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from erckit.causal.causal_lm import CausalLM
from erckit.causal.prompt_packing import TokenizedPrompt, pack_prompts
from erckit.causal.prompt_segments import Room
from erckit.prompting.context.context_builder import ContextBuilder
from erckit.prompting.context.gathered import Gathered
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt
from erckit.prompting.scoring.label_likelihood import label_scores, piece_batches, question_vectors
from erckit.prompting.scoring.shown_labels import shown_labels
from erckit.prompting.scoring.tokenize_prompt import LabelTokens, label_tokens, tokenize_prompt

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
        truncated: Utterances scored so far that were cut to fit; one counts once, however many prompts show it.
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
        emotions = None
        if self.builder.shows_past:
            emotions = shown_labels(gathered, targets, known, lambda c: self.blind_labels(gathered, c, batch_tokens))
        return self._score(gathered, targets, emotions, batch_tokens, advance, wants_vectors)

    def blind_labels(
        self, gathered: Gathered, conversations: Sequence[int], batch_tokens: int = 4096
    ) -> NDArray[np.int64]:
        """The first pass: likeliest label of every utterance of some conversations, no emotions shown, (R,).

        Without gradient and dropout; no random number is drawn. Offsets of labels that training chose on dev are not
        added: they were chosen for what is said after labels without them.
        """
        scores = self._score(gathered, conversations, None, batch_tokens, None, is_first_pass=True)
        return scores.argmax(axis=1).astype(np.int64)

    def _score(
        self,
        gathered: Gathered,
        targets: Sequence[int],
        emotions: NDArray[np.int64] | None,
        batch_tokens: int,
        advance: Callable[[int], None] | None,
        wants_vectors: bool = False,
        is_first_pass: bool = False,
    ) -> NDArray[np.float32]:
        parts: list[NDArray[np.float32]] = []
        model, count = self.lm.model, len(self.builder.label_set)
        was_training = model.training
        model.eval()
        try:
            for start in range(0, len(targets), CHUNK):
                chosen = [self.prompts(gathered, c, emotions) for c in targets[start : start + CHUNK]]
                tokenized = [self.tokenize(prompts) for prompts in chosen]
                if not is_first_pass:
                    self.truncated += sum(map(self._cut, tokenized))
                prompts = [prompt for of_one in chosen for prompt in of_one]
                rows = self._read([p for of_one in tokenized for p in of_one], batch_tokens, advance, wants_vectors)
                if self.builder.settings.removes_prior:
                    from erckit.prompting.scoring.prior import label_prior

                    rows[:, :count] -= label_prior(self.lm, prompts, self.labels, self.room, batch_tokens=batch_tokens)
                parts.append(rows)
        finally:
            model.train(was_training)
        return np.concatenate(parts) if parts else np.empty((0, count), dtype=np.float32)

    def _cut(self, prompts: Sequence[TokenizedPrompt]) -> int:
        """Utterances of a conversation that are too long for its prompts."""
        count, before = 0, Counter[tuple[int, ...]]()
        for prompt in prompts:
            longest = self.room.max_tokens - len(prompt.opening)
            cut = Counter(block for block in prompt.blocks if len(block) > longest)
            count += (cut - before).total()  # what the prompt before showed is the same utterance again
            before = cut
        return count

    @torch.inference_mode()
    def _read(
        self,
        prompts: Sequence[TokenizedPrompt],
        batch_tokens: int,
        advance: Callable[[int], None] | None,
        wants_vectors: bool,
    ) -> NDArray[np.float32]:
        count = sum(len(prompt.questions) for prompt in prompts)
        width = len(self.builder.label_set) + (int(self.lm.model.config.hidden_size) if wants_vectors else 0)
        scores = np.empty((count, width), dtype=np.float32)
        for pieces in piece_batches(prompts, self.room, batch_tokens):
            batch = pack_prompts(
                [piece.prompt for piece in pieces],
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
            rows = [row for piece in pieces for row in piece.rows]
            scores[rows] = found.float().cpu().numpy()
            if advance:
                advance(len(rows))
        return scores
