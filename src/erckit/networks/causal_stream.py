"""Utterance vectors of conversations that go on: a causal language model reads each new line once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from erckit.encoding.stream import Block
from erckit.networks.causal_reader import CausalReader, plan_rows


@dataclass(frozen=True, slots=True)
class RowState:
    """What is kept of one conversation: the row that the next line is added to. A state is never changed.

    Args:
        lines: Token ids of the row's lines.
        kept: Keys and values of each layer, (1, heads, T, d) each.
    """

    lines: tuple[tuple[int, ...], ...] = ()
    kept: tuple[tuple[Tensor, Tensor], ...] = ()

    @property
    def bytes(self) -> int:
        """Memory that keys and values take."""
        return sum(tensor.numel() * tensor.element_size() for layer in self.kept for tensor in layer)


class CausalStream:
    """Reads lines one by one as :class:`CausalReader` reads a conversation, with the same cuts.

    Keys and values are kept, so that a line costs its own tokens. Where it begins a new row, the row's left context
    is read with it.

    Args:
        reader: Of whole conversations.
    """

    def __init__(self, reader: CausalReader) -> None:
        self._reader = reader

    @torch.inference_mode()
    def encode(
        self, states: Sequence[object], blocks: Sequence[Block], looks_ahead: bool = False
    ) -> tuple[Tensor, list[RowState]]:
        """Vectors of the next line of each of n conversations, (n, V), and the states after them.

        Args:
            states: What the last call gave for each; anything else where a conversation begins.
            blocks: Token ids of each line; the speaker's row of an embedding is not read.
            looks_ahead: Not read: a new row is begun when it is needed.
        """
        read = [
            self._add(state if isinstance(state, RowState) else RowState(), tuple(tokens))
            for state, (tokens, _) in zip(states, blocks, strict=True)
        ]
        return torch.stack([vector for vector, _ in read]), [state for _, state in read]

    def _add(self, state: RowState, line: tuple[int, ...]) -> tuple[Tensor, RowState]:
        """Vector of a line, (V,), and the state after it."""
        from transformers import DynamicCache

        reader = self._reader
        lines = (*state.lines, line)
        first = plan_rows([len(one) for one in lines], reader.max_tokens)[-1].first
        kept = state.kept if first == 0 else ()
        before = () if kept else (*reader.begin, *(token for earlier in lines[first:-1] for token in earlier))
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(kept):
            cache.update(keys, values, layer)
        tokens = torch.tensor([[*before, *line]], device=reader.lm.device)
        found, cache = reader.layer_states(tokens, past_key_values=cache, use_cache=True)
        vector = reader.pooled([layer[0] for layer in found], [len(line)], len(before))[0]
        return vector, RowState(lines[first:], tuple((layer.keys, layer.values) for layer in cache.layers))
