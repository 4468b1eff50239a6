"""Lines read one by one against the whole conversation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from erckit.conversation import Conversation
from erckit.networks import causal_reader
from erckit.networks.causal_reader import CausalReader
from erckit.networks.causal_stream import CausalStream, RowState

KINDS = ("llama", "qwen2", "gemma3_text", "gemma2", "mistral", "gpt2")
TOLERANCE = 2e-5


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))


def _streamed(reader: CausalReader, conversation: Conversation) -> tuple[np.ndarray, list[RowState]]:
    (tokenized,) = reader.tokenizer([conversation])
    stream, states, vectors = CausalStream(reader), [RowState()], []
    for block in zip(tokenized.blocks, tokenized.identities, strict=True):
        read, (state,) = stream.encode(states[-1:], [block])
        vectors.append(read[0].numpy())
        states.append(state)
    return np.stack(vectors), states


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("room", [60, 1024])
def test_streamed_vectors_are_those_of_the_conversation(
    tiny_causal_lm: Callable[..., Any],
    talk: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    room: int,
) -> None:
    monkeypatch.setattr(causal_reader, "MAX_TOKENS", room)
    reader, conversation = CausalReader(tiny_causal_lm(kind), (1, 3)), talk(5, 14)
    streamed, states = _streamed(reader, conversation)
    assert np.abs(streamed - reader.read([conversation], keep=False)).max() < TOLERANCE
    assert (len(states[-1].lines) < 14) == (room == 60)
    assert max(sum(map(len, state.lines)) for state in states) <= reader.max_tokens


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_conversations_longer_than_the_positions_are_read_to_the_end(
    tiny_causal_lm: Callable[..., Any], talk: Callable[..., Any], kind: str
) -> None:
    reader, conversation = CausalReader(tiny_causal_lm(kind), (2,)), talk(8, 90)
    assert sum(len(line) for line in reader.tokenizer([conversation])[0].blocks) > reader.lm.positions
    streamed, _ = _streamed(reader, conversation)
    assert np.abs(streamed - reader.read([conversation], keep=False)).max() < TOLERANCE


def test_a_line_costs_its_own_tokens(
    tiny_causal_lm: Callable[..., Any], talk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, conversation = CausalReader(tiny_causal_lm("llama"), (2,)), talk(3, 6)
    read: list[int] = []
    states = CausalReader.layer_states

    def counted(self: CausalReader, tokens: Tensor, **options: Any) -> Any:
        read.append(tokens.shape[1])
        return states(self, tokens, **options)

    monkeypatch.setattr(CausalReader, "layer_states", counted)
    _, kept = _streamed(reader, conversation)
    (tokenized,) = reader.tokenizer([conversation])
    assert read == [len(line) for line in tokenized.blocks]
    assert kept[-1].bytes == 2 * 3 * 2 * 8 * 4 * tokenized.tokens  # keys and values, layers, heads, numbers of 4 bytes


def test_a_state_can_be_continued_twice(tiny_causal_lm: Callable[..., Any], talk: Callable[..., Any]) -> None:
    reader, conversation = CausalReader(tiny_causal_lm("llama"), (2,)), talk(3, 6)
    streamed, states = _streamed(reader, conversation)
    (tokenized,) = reader.tokenizer([conversation])
    stream = CausalStream(reader)
    stream.encode([states[4]], [(list(reader.tokenizer([talk(9, 1)])[0].blocks[0]), [])])
    again, _ = stream.encode([states[4], states[2]], [(tokenized.blocks[4], []), (tokenized.blocks[2], [])])
    assert torch.allclose(again, torch.from_numpy(streamed[[4, 2]]), atol=TOLERANCE)
