"""Vectors of conversations whose speakers are remembered from elsewhere, and what to remember of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from erckit.model_folder.network_folder import PretrainedModel
from erckit.networks.inference import autocast, encode, represent
from erckit.networks.preparation import PreparedConversations


def predict_remembering(
    parts: PretrainedModel,
    prepared: PreparedConversations,
    targets: Sequence[int],
    windows: NDArray[np.int64],
    remembered: NDArray[np.float32],
    *,
    precision: str,
    batch_tokens: int,
    advance: Callable[[int], None] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the label head reads of every utterance of the targets, and their memory vectors.

    Args:
        parts: The model, in evaluation mode.
        prepared: Conversations that are remembered only, then the targets.
        targets: Indices of the targets: the last ones.
        windows: History of every utterance: rows of ``prepared``, or from there on of ``remembered``, (utterances, W).
        remembered: Memory vectors from elsewhere, (M, H).
        precision: ``fp32`` or ``bf16``.
        batch_tokens: Tokens encoded at a time.
        advance: Called with the number of utterances encoded.

    Returns:
        (R, V) and (R, H), 32-bit floats.
    """
    everything = range(len(prepared))
    first = int(prepared.offsets[targets[0]])
    with autocast(precision, next(parts.model.parameters()).device), torch.inference_mode():
        context, memory = encode(parts.model, parts.preparation, prepared, everything, batch_tokens, advance)
        sources = torch.cat([memory, torch.from_numpy(remembered).to(memory.device).reshape(-1, memory.shape[1])])
        used = np.unique(windows[first:])
        used = used[used >= 0]
        local = np.full(len(sources) + 1, -1, dtype=np.int64)  # the last entry stands for "none"
        local[used] = np.arange(len(used))
        near = sources[torch.from_numpy(used).to(sources.device)]
        vectors = represent(parts.model, context[first:], near, local[windows[first:]])
    return vectors.cpu().numpy(), memory[first:].cpu().numpy()
