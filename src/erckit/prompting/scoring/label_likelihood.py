"""Scores of labels from a causal language model: how likely each answer is, read off instead of generated.

Source: the answers to a prompt are compared by their likelihood, divided by their number of tokens, as in Brown et al.
2020, section 2.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from erckit.causal.causal_lm import CausalLM
from erckit.causal.prompt_packing import (
    PromptBatch,
    PromptPiece,
    TokenizedPrompt,
    asked_alone,
    pack_prompts,
    prompt_pieces,
)
from erckit.causal.prompt_segments import Room
from erckit.progress import Progress
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt
from erckit.prompting.scoring.tokenize_prompt import LabelTokens, label_tokens, tokenize_prompt


def label_scores(lm: CausalLM, batch: PromptBatch, normalise: bool = True) -> Tensor:
    """Log-likelihood of every answer of every question of a batch; differentiable.

    Args:
        lm: The model.
        batch: The packed prompts, on the model's device.
        normalise: Divide by the answer's number of tokens.

    Returns:
        Natural-log likelihoods, (R, L) float32, at most 0; minus infinity where a question has fewer answers. Their
        softmax over L is the distribution over the label set.
    """
    mask = None if batch.is_plain else lm.attention_mask(batch.allowed(), batch.positions)
    positions = None if batch.is_plain else batch.positions
    branches = None if batch.is_plain else lm.branches(batch, mask)
    logits = lm.logits_at(batch.tokens, mask, positions, batch.places, branches)  # (M, V)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))  # bf16 is too coarse for likelihoods
    said = logits[batch.asked, batch.targets] - torch.logsumexp(logits, dim=-1)[batch.asked]  # (K,)
    total = said.new_zeros(batch.lengths.numel()).index_add(0, batch.cells, said).view(batch.lengths.shape)  # (R, L)
    if normalise:
        total = total / batch.lengths.clamp(min=1)
    return total.masked_fill(batch.lengths == 0, -torch.inf)


def score_prompts(
    lm: CausalLM,
    prompts: Sequence[ConversationPrompt],
    labels: LabelTokens | Sequence[str] | None,
    room: Room | None = None,
    *,
    normalise: bool = True,
    separate: bool = False,
    batch_tokens: int = 4096,
    progress: Progress | None = None,
) -> np.ndarray:
    """Score the prompts of many conversations without gradients.

    Args:
        lm: The model.
        prompts: One for each conversation.
        labels: Answers of the questions that have none of their own; words, or as ``label_tokens`` gives them.
        room: How long conversations are cut.
        normalise: Divide by the answer's number of tokens.
        separate: Ask every question in a prompt of its own, the published way: the same scores, many more tokens.
        batch_tokens: Tokens of a batch, padding included (at least one piece of a conversation goes in).
        progress: Advanced by the questions done.

    Returns:
        Log-likelihoods, (R, L) float32, rows conversation by conversation in the prompt's order of questions.
    """
    if labels is not None and not isinstance(labels, LabelTokens):
        labels = label_tokens(lm, labels)
    tokenized = [tokenize_prompt(lm, prompt, labels) for prompt in prompts]
    if separate:
        tokenized = asked_alone(tokenized)  # prompts of equal length then share a batch
    widest = max((len(q.answers) for prompt in tokenized for q in prompt.questions), default=0)
    scores = np.full((sum(len(prompt.questions) for prompt in tokenized), widest), -np.inf, dtype=np.float32)
    with torch.inference_mode():
        for pieces in piece_batches(tokenized, room, batch_tokens, separate=separate):
            batch = pack_prompts(
                [piece.prompt for piece in pieces], room, separate=separate, padding_token=lm.padding_token,
                positions=lm.positions,
            )  # fmt: skip
            found = label_scores(lm, batch.to(lm.device), normalise).cpu().numpy()
            rows = [row for piece in pieces for row in piece.rows]
            scores[rows, : found.shape[1]] = found
            if progress is not None:
                progress.advance(len(rows))
    return scores


def piece_batches(
    prompts: Sequence[TokenizedPrompt], room: Room | None, tokens: int, *, separate: bool = False
) -> Iterator[list[PromptPiece]]:
    """Group the pieces of conversations so that a batch has about ``tokens`` tokens, however long a conversation is.

    Args:
        prompts: Tokenised prompts.
        room: How long conversations are cut; pack the pieces with the same.
        tokens: Most tokens of a batch, padding included, unless one piece alone has more.
        separate: Whether they will be packed separately.

    Yields:
        Pieces of a batch; every question is in one of them.
    """
    pieces = prompt_pieces(prompts, room)
    for chosen in prompt_batches([piece.prompt for piece in pieces], tokens, separate=separate):
        yield [pieces[i] for i in chosen]


def prompt_batches(prompts: Sequence[TokenizedPrompt], tokens: int, *, separate: bool = False) -> Iterator[list[int]]:
    """Group conversations, or pieces of them, of about equal length so that a batch has about ``tokens`` tokens.

    Args:
        prompts: Tokenised prompts.
        tokens: Most tokens of a batch, padding included, unless one conversation alone has more.
        separate: Whether they will be packed separately.

    Yields:
        Indices of the conversations of a batch; conversations without questions are left out.
    """
    batch: list[int] = []
    rows = 0
    for longest, count, c in sorted((*_size(prompt, separate), c) for c, prompt in enumerate(prompts)):
        if not count:
            continue
        if batch and (rows + count) * longest > tokens:
            yield batch
            batch, rows = [], 0
        batch.append(c)
        rows += count
    if batch:
        yield batch


def _size(prompt: TokenizedPrompt, separate: bool) -> tuple[int, int]:
    """Tokens of the longest row of a prompt and its number of rows; of a long conversation, before it is cut."""
    if not prompt.questions:
        return 0, 0
    shared = len(prompt.opening) + sum(map(len, prompt.blocks[: max(q.sees for q in prompt.questions)]))
    own = [len(q.tokens) + sum(len(answer) - 1 for answer in q.answers) for q in prompt.questions]
    if not separate:
        return shared + sum(own), 1
    rows = sum(max(1, sum(len(answer) > 1 for answer in q.answers)) for q in prompt.questions)
    return shared + max(own), rows


def question_vectors(lm: CausalLM, batch: PromptBatch) -> tuple[Tensor, Tensor]:
    """Scores and vectors of every question, from one pass.

    Args:
        lm: The model.
        batch: Packed prompts, on the model's device; every question has an answer.

    Returns:
        As ``label_scores``, (R, L), and the last layer's state at each question's last token, (R, H) float32.
    """
    rows, width = batch.lengths.shape
    place = torch.full((rows,), -1, dtype=torch.int64, device=batch.places.device)
    first = batch.cells % width == 0
    # Of the first answer's tokens, the one asked for first stands at the question's end.
    owners, asked = batch.cells[first] // width, batch.asked[first]
    order = torch.arange(len(owners) - 1, -1, -1, device=owners.device)
    place[owners[order]] = batch.places[asked[order]]
    kept: list[Tensor] = []

    def keep(head: Any, arguments: tuple[Tensor, ...]) -> None:
        kept.append(arguments[0].flatten(0, 1)[place].float())

    # Before that of label_scores, which passes on the states it needs alone.
    hook = lm.model.get_output_embeddings().register_forward_pre_hook(keep)
    try:
        scores = label_scores(lm, batch)
    finally:
        hook.remove()
    return scores, kept[0]
