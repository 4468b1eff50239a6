"""What a causal LM has made of a conversation when it is about to answer: the last state of every question."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from erckit.causal.causal_lm import CausalLM
from erckit.causal.prompt_packing import PromptBatch
from erckit.prompting.scoring.label_likelihood import label_scores


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
