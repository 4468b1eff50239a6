"""Packing conversations into one flat row of tokens without padding between utterances.

Everything a transformer does per token (embeddings, linear layers, norms) runs on the flat row; only attention needs
to know sequences. Segments are padded to a few lengths and sorted, so that all segments of one length are a plain
view ``(n, T, ...)`` of the row. Few shapes also keep process memory flat on CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from erckit.encoding.segments import Segment, plan_segments

PADDING_BLOCK = 1 << 30  # sorts after every utterance, so padding may look at everything and nothing looks at it


@dataclass(frozen=True, slots=True)
class Group:
    """Segments of equal padded length: tokens ``start`` to ``start + count * length`` of the flat row.

    ``chunks`` are ``(query_start, query_end, key_end)``: no query of a chunk may attend to a key at or after
    ``key_end`` in any segment of the group, so attention is computed on that part of the square only.
    """

    start: int
    count: int
    length: int
    chunks: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """Conversations as one flat row of N tokens, ready for ``ConversationEncoder``.

    Args:
        tokens: Token ids, (N,) int64.
        positions: Position inside the segment, from 0, (N,) int64.
        identities: Speaker identity of each token's utterance, (N,) int64.
        blocks: Utterance index inside the conversation, ``PADDING_BLOCK`` for padding, (N,) int64.
        rows: Row of the utterance a token is read for, -1 for left context and padding, (N,) int64.
        markers: Flat index of each utterance's first token, (R,) int64.
        firsts: Flat index of the first token of the segment that each utterance is read off, (R,) int64.
        groups: Segments by length.
        utterances: R, number of utterances that are read.
        text_tokens: Tokens that are not padding.
        is_causal: Whether tokens are kept from later utterances of their segment (True); False where all may be seen,
            and where there are none, since each segment ends with its target.
    """

    tokens: Tensor
    positions: Tensor
    identities: Tensor
    blocks: Tensor
    rows: Tensor
    markers: Tensor
    firsts: Tensor
    groups: tuple[Group, ...]
    utterances: int
    text_tokens: int
    is_causal: bool

    def to(self, device: torch.device | str) -> PackedBatch:
        """The same batch with its tensors on ``device``."""
        names = ("tokens", "positions", "identities", "blocks", "rows", "markers", "firsts")
        return replace(self, **{name: getattr(self, name).to(device, non_blocking=True) for name in names})


def padded_length(length: int) -> int:
    """Length a segment is padded to: a multiple of 8 up to 64 tokens, of 32 above; few lengths keep memory flat."""
    step = 8 if length <= 64 else 32
    return -(-length // step) * step


def padded_total(total: int) -> int:
    """Length the flat row is padded to: a multiple of 128 up to 1,024 tokens, of 512 above."""
    step = 128 if total <= 1024 else 512
    return -(-total // step) * step


def pack(
    blocks: Sequence[Sequence[Sequence[int]]],
    identities: Sequence[Sequence[Sequence[int]]],
    *,
    attention: str = "one_pass",
    max_tokens: int = 512,
    left_context: int = 256,
    padding_token: int = 0,
    query_chunk: int = 64,
    skips: Sequence[int] | None = None,
) -> PackedBatch:
    """Pack B conversations.

    Args:
        blocks: For each conversation, for each utterance, its token ids (at most ``max_tokens``).
        identities: For each conversation, for each utterance, the speaker identity of each of its tokens.
        attention: ``one_pass`` (utterance-block causal), ``full``, ``per_utterance`` or ``isolated``.
        max_tokens: Positions the backbone has.
        left_context: Tokens of left context a continued conversation carries.
        padding_token: Token id of padding.
        query_chunk: Queries attended at a time where later keys can be skipped.
        skips: Where each conversation is one segment that was cut before: how many of its first utterances are left
            context only. None cuts the conversations here.

    Returns:
        The batch; utterance rows are numbered conversation by conversation, in order.
    """
    pieces: list[tuple[int, int, int, int, int]] = []  # (padded length, conversation, first, read, end)
    offsets: list[int] = []
    total_rows = 0
    for c, conversation in enumerate(blocks):
        lengths = [len(block) for block in conversation]
        skip = skips[c] if skips else 0
        offsets.append(total_rows - skip)
        total_rows += len(lengths) - skip
        whole = [Segment(0, skip, len(lengths))]
        for segment in whole if skips else plan_segments(lengths, attention, max_tokens, left_context):
            length = padded_length(sum(lengths[segment.first : segment.end]))
            pieces.append((length, c, segment.first, segment.read, segment.end))
    pieces.sort()
    size = padded_total(sum(piece[0] for piece in pieces))
    tokens = np.full(size, padding_token, dtype=np.int64)
    positions = np.zeros(size, dtype=np.int64)
    speakers = np.zeros(size, dtype=np.int64)
    block_of = np.full(size, PADDING_BLOCK, dtype=np.int64)
    rows = np.full(size, -1, dtype=np.int64)
    markers = np.zeros(total_rows, dtype=np.int64)
    firsts = np.zeros(total_rows, dtype=np.int64)
    text_tokens = cursor = 0
    for length, c, first, read, end in pieces:
        at = cursor
        for u in range(first, end):
            block = blocks[c][u]
            stop = at + len(block)
            tokens[at:stop] = block
            positions[at:stop] = np.arange(at - cursor, stop - cursor)
            speakers[at:stop] = identities[c][u]
            block_of[at:stop] = u
            if u >= read:
                rows[at:stop] = offsets[c] + u
                markers[offsets[c] + u] = at
                firsts[offsets[c] + u] = cursor
            at = stop
        text_tokens += at - cursor
        cursor += length
    is_causal = attention == "one_pass"
    return PackedBatch(
        tokens=torch.from_numpy(tokens),
        positions=torch.from_numpy(positions),
        identities=torch.from_numpy(speakers),
        blocks=torch.from_numpy(block_of),
        rows=torch.from_numpy(rows),
        markers=torch.from_numpy(markers),
        firsts=torch.from_numpy(firsts),
        groups=_groups([piece[0] for piece in pieces], block_of, is_causal, query_chunk),
        utterances=total_rows,
        text_tokens=text_tokens,
        is_causal=is_causal,
    )


def _groups(lengths: Sequence[int], block_of: np.ndarray, is_causal: bool, query_chunk: int) -> tuple[Group, ...]:
    groups: list[Group] = []
    start = i = 0
    while i < len(lengths):
        length = lengths[i]
        count = 1
        while i + count < len(lengths) and lengths[i + count] == length:
            count += 1
        blocks = block_of[start : start + count * length].reshape(count, length)
        chunks = _chunks(blocks, query_chunk) if is_causal and length > query_chunk else ((0, length, length),)
        groups.append(Group(start, count, length, chunks))
        start += count * length
        i += count
    return tuple(groups)


def _chunks(blocks: np.ndarray, query_chunk: int) -> tuple[tuple[int, int, int], ...]:
    """Query chunks and how far their keys reach; blocks (n, T), ascending along T with padding last."""
    length = blocks.shape[1]
    chunks = []
    for start in range(0, length, query_chunk):
        end = min(start + query_chunk, length)
        # The last text query of the chunk sees to the end of its block; padding queries need any one key only.
        reach = 1
        for sequence in blocks:
            text = sequence[start:end]
            text = text[text < PADDING_BLOCK]
            if text.size:
                reach = max(reach, int(np.searchsorted(sequence, text[-1], side="right")))
        reach = min(length, -(-reach // query_chunk) * query_chunk)  # few shapes
        chunks.append((start, end, reach))
    return tuple(chunks)
