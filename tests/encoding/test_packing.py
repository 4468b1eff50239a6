"""The flat row: nothing lost, nothing doubled, nothing cut off that a query may see."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from erckit.encoding.attention import attend, attention_masks
from erckit.encoding.packing import PADDING_BLOCK, PackedBatch, pack, padded_length, padded_total
from erckit.encoding.segments import ATTENTIONS, plan_segments

MAX_TOKENS = 96
CONVERSATIONS = st.lists(st.lists(st.integers(2, 30), min_size=1, max_size=12), min_size=1, max_size=5)


def _pack(lengths: list[list[int]], attention: str = "one_pass", **options: int) -> tuple[PackedBatch, list]:
    """Batch and blocks; every token id is unique, so that tokens can be followed."""
    blocks, identities, token = [], [], 1000
    for c, conversation in enumerate(lengths):
        blocks.append([])
        for length in conversation:
            blocks[-1].append(list(range(token, token + length)))
            token += length
        identities.append([[10 * c + u] * length for u, length in enumerate(conversation)])
    given_options = {"max_tokens": MAX_TOKENS, "left_context": 40, "query_chunk": 16} | options
    return pack(blocks, identities, attention=attention, **given_options), blocks


@given(CONVERSATIONS, st.sampled_from(ATTENTIONS))
def test_every_token_stands_where_it_should(lengths: list[list[int]], attention: str) -> None:
    batch, blocks = _pack(lengths, attention)
    flat = [(c, u, block) for c, conversation in enumerate(blocks) for u, block in enumerate(conversation)]
    assert batch.utterances == len(flat) == len(batch.markers)
    for row, (c, u, block) in enumerate(flat):
        at = (batch.rows == row).nonzero().flatten()
        assert batch.tokens[at].tolist() == block
        assert batch.markers[row] == at[0]
        assert set(batch.blocks[at].tolist()) == {u}
        assert set(batch.identities[at].tolist()) == {10 * c + u}
        assert np.diff(batch.positions[at]).tolist() == [1] * (len(block) - 1)
    # Text that is read plus left context, counted from the plan.
    planned = sum(
        sum(conversation[s.first : s.end])
        for conversation in lengths
        for s in plan_segments(conversation, attention, MAX_TOKENS, 40)
    )
    is_text = batch.blocks < PADDING_BLOCK
    assert batch.text_tokens == planned == int(is_text.sum()) == int((batch.tokens >= 1000).sum())
    assert (batch.rows[~is_text] == -1).all()
    assert batch.positions.max() < MAX_TOKENS


@given(CONVERSATIONS, st.sampled_from(ATTENTIONS))
def test_groups_cover_the_row_and_hold_whole_segments(lengths: list[list[int]], attention: str) -> None:
    batch, _ = _pack(lengths, attention)
    cursor = 0
    for group in batch.groups:
        assert group.start == cursor
        cursor += group.count * group.length
        positions = batch.positions[group.start : cursor].view(group.count, group.length)
        blocks = batch.blocks[group.start : cursor].view(group.count, group.length)
        for row, block in zip(positions, blocks, strict=True):
            text = int((block < PADDING_BLOCK).sum())
            assert text > 0
            assert row[:text].tolist() == list(range(text))  # one segment, from its beginning, padding at the end
            assert (block.diff() >= 0).all()
        ends = [end for _, end, _ in group.chunks]
        assert [start for start, _, _ in group.chunks] == [0, *ends[:-1]]
        assert ends[-1] == group.length
        assert all(0 < reach <= group.length for _, _, reach in group.chunks)
    assert len(batch.tokens) == padded_total(cursor)
    assert (batch.blocks[cursor:] == PADDING_BLOCK).all()


@given(CONVERSATIONS)
def test_chunks_never_cut_a_key_that_a_query_may_see(lengths: list[list[int]]) -> None:
    batch, _ = _pack(lengths)
    for group, mask in zip(batch.groups, attention_masks(batch, torch.float32), strict=True):
        blocks = batch.blocks[group.start : group.start + group.count * group.length].view(group.count, group.length)
        for start, end, reach in group.chunks:
            is_text = blocks[:, start:end] < PADDING_BLOCK
            beyond = mask[:, 0, start:end, reach:][is_text]
            assert (beyond < 0).all()


@given(CONVERSATIONS, st.integers(0, 1000))
def test_chunked_attention_equals_unchunked(lengths: list[list[int]], seed: int) -> None:
    chunked, _ = _pack(lengths, query_chunk=16)
    whole, _ = _pack(lengths, query_chunk=10_000)
    assert all(len(group.chunks) == 1 for group in whole.groups)
    qkv = torch.randn(len(chunked.tokens), 3 * 8, generator=torch.Generator().manual_seed(seed))
    results = [attend(qkv, batch, attention_masks(batch, torch.float32), heads=2) for batch in (chunked, whole)]
    is_text = chunked.blocks < PADDING_BLOCK
    torch.testing.assert_close(results[0][is_text], results[1][is_text], rtol=0, atol=1e-6)


def test_chunks_do_skip_the_future() -> None:
    batch, _ = _pack([[10] * 9])
    (group,) = batch.groups
    assert sum((end - start) * reach for start, end, reach in group.chunks) < 0.75 * group.length**2


@pytest.mark.parametrize("function", [padded_length, padded_total])
def test_padded_lengths_are_few_and_never_shorter(function) -> None:
    found = [function(n) for n in range(1, 513)]
    assert all(padded >= n for n, padded in enumerate(found, 1))
    assert found == sorted(found)
    assert len(set(found)) <= 28
