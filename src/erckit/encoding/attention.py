"""Attention over a packed batch: utterance-block causal, or full inside each segment, on CPU and GPU."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from erckit.encoding.dropout import dropout as drop
from erckit.encoding.packing import PADDING_BLOCK, PackedBatch


def attention_masks(batch: PackedBatch, dtype: torch.dtype) -> list[Tensor]:
    """Additive masks, one per group of the batch, 0 where a query may attend and the lowest number elsewhere.

    A token attends to every token of its own utterance and of earlier utterances of its segment; in a batch that is
    not causal, to every token of its segment. Nothing attends to padding. A query never finds all keys barred:
    padding queries see the whole segment.
    """
    masks = []
    for group in batch.groups:
        blocks = batch.blocks[group.start : group.start + group.count * group.length]
        blocks = blocks.view(group.count, 1, group.length)  # (n, 1, T)
        keys, queries = blocks[:, :, None, :], blocks[:, :, :, None]
        allowed = keys < PADDING_BLOCK
        if batch.is_causal:
            allowed = allowed & (keys <= queries)
        mask = torch.zeros(allowed.shape, dtype=dtype, device=blocks.device)
        # a batch that is not causal needs one row for all queries, (n, 1, 1, T)
        masks.append(mask.masked_fill(~allowed, torch.finfo(dtype).min))  # (n, 1, T or 1, T)
    return masks


def attend(
    qkv: Tensor,
    batch: PackedBatch,
    masks: Sequence[Tensor],
    heads: int,
    dropout: float = 0.0,
) -> Tensor:
    """Multi-head attention of every segment of the batch.

    Plain matrix products are used on CPU because they beat the fused kernel there at these lengths (its backward
    pass is several times slower below 256 tokens) and because chunks of queries can skip the keys that lie in the
    future. On GPU the fused kernel is used.

    Args:
        qkv: Queries, keys and values side by side, queries already scaled, (N, 3H).
        batch: The packed batch.
        masks: One additive mask per group, (n, 1 or heads, T or 1, T).
        heads: Attention heads; H is a multiple of it.
        dropout: Probability of dropping an attention weight.

    Returns:
        Attended values, zero for the padding at the end of the row, (N, H).
    """
    width = qkv.shape[1] // 3
    sizes = [group.count * group.length for group in batch.groups]
    tail = qkv.shape[0] - sum(sizes)
    parts = qkv.split([*sizes, tail])
    outputs = []
    for part, group, mask in zip(parts, batch.groups, masks, strict=False):
        shape = (group.count, group.length, 3, heads, width // heads)
        query, key, value = part.view(shape).permute(2, 0, 3, 1, 4)  # 3 of (n, heads, T, d)
        if qkv.device.type == "cuda":
            attended = F.scaled_dot_product_attention(query, key, value, mask, dropout_p=dropout, scale=1.0)
        else:
            attended = _attend_chunks(query, key, value, mask, group.chunks, dropout)  # (n, heads, T, d)
        outputs.append(attended.transpose(1, 2).reshape(-1, width))
    outputs.append(qkv.new_zeros(tail, width))
    return torch.cat(outputs)  # (N, H)


def _attend_chunks(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor,
    chunks: Sequence[tuple[int, int, int]],
    dropout: float,
) -> Tensor:
    key = key.transpose(-1, -2)  # (n, heads, d, T)
    attended = []
    for start, end, reach in chunks:
        scores = query[:, :, start:end] @ key[..., :reach]  # (n, heads, t, reach)
        rows = mask[:, :, start:end, :reach] if mask.shape[2] > 1 else mask[..., :reach]
        weights = torch.softmax(scores.add_(rows), dim=-1)
        weights = drop(weights, dropout)
        attended.append(weights @ value[:, :, :reach])
    return attended[0] if len(attended) == 1 else torch.cat(attended, dim=2)
