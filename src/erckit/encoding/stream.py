"""Streaming: one utterance at a time, paying for the new tokens only, with the vectors of the batch."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from erckit.encoding.architecture import layers_of, relative_bias
from erckit.encoding.encoder import ConversationEncoder
from erckit.errors import SettingError
from erckit.settings import choose


@dataclass(slots=True)
class _Open:
    """The segment that is being written: its blocks and, per layer, keys and values (heads, T, d)."""

    used: int = 0
    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)


class EncoderStream:
    """Encodes a conversation utterance by utterance.

    Earlier blocks never change under utterance-block-causal attention, so their keys and values are kept and each
    new utterance costs its own tokens only. When the backbone's positions are used up, a new segment starts with
    the same left context as in a batch, which is encoded again once.

    Args:
        encoder: In evaluation mode.
        left_context: Tokens of left context a continued conversation carries; the value the batch uses.
        attention: ``one_pass``, or ``isolated`` to read every utterance alone.

    Raises:
        SettingError: The encoder reads the first token of a sequence per target, which a stream does not have, or
            another attention.
    """

    def __init__(self, encoder: ConversationEncoder, left_context: int = 256, attention: str = "one_pass") -> None:
        if encoder.pooling == "first":
            raise SettingError("a stream has no sequence per target; it needs the pooling 'mean' or 'marker'.")
        choose(attention, ("one_pass", "isolated"), "attention of a stream")
        self._encoder = encoder
        self._is_isolated = attention == "isolated"
        self._left_context = left_context
        self._blocks: list[tuple[list[int], list[int]]] = []
        self._open = _Open()

    @torch.inference_mode()
    def append(self, tokens: list[int], identities: list[int]) -> Tensor:
        """Encode the next utterance.

        Args:
            tokens: Its block, at most as many tokens as the backbone has positions.
            identities: Speaker identity of each token.

        Returns:
            Its vector, (H,), equal to the batch's up to float rounding.
        """
        if self._is_isolated:
            self._open = _Open()
            return self._read_off(self._extend(tokens, identities))
        limit = self._encoder.max_tokens
        if self._open.used + len(tokens) > limit:
            self._open = _Open()
            budget = min(self._left_context, limit - len(tokens))
            context: list[tuple[list[int], list[int]]] = []
            for block in reversed(self._blocks):
                if len(block[0]) > budget:
                    break
                budget -= len(block[0])
                context.insert(0, block)
            for block in context:
                self._extend(*block)
        self._blocks.append((tokens, identities))
        return self._read_off(self._extend(tokens, identities))

    def _read_off(self, hidden: Tensor) -> Tensor:
        """(H,) of an utterance from the states of its tokens, (t, H)."""
        return hidden[0] if self._encoder.pooling == "marker" else hidden.float().mean(0).to(hidden.dtype)

    def _extend(self, tokens: list[int], identities: list[int]) -> Tensor:
        encoder, state = self._encoder, self._open
        device = next(encoder.parameters()).device
        start, end = state.used, state.used + len(tokens)
        positions = torch.arange(start, end, device=device)
        hidden = encoder.embed(
            torch.tensor(tokens, device=device), positions, torch.tensor(identities, device=device)
        )  # (t, H)
        bias = relative_bias(encoder.backbone, positions, torch.arange(end, device=device))
        for i, layer in enumerate(layers_of(encoder.backbone)):
            qkv = encoder.project(layer, hidden)  # (t, 3H)
            query, key, value = qkv.view(len(tokens), 3, encoder.heads, -1).permute(1, 2, 0, 3)  # 3 of (heads, t, d)
            if start == 0:
                state.keys.append(key)
                state.values.append(value)
            else:
                state.keys[i] = torch.cat([state.keys[i], key], dim=1)
                state.values[i] = torch.cat([state.values[i], value], dim=1)
            scores = query @ state.keys[i].transpose(-1, -2)  # (heads, t, T)
            if bias is not None:
                scores = scores + bias[0].to(scores.dtype)
            attended = torch.softmax(scores, dim=-1) @ state.values[i]  # (heads, t, d)
            hidden = encoder.finish(layer, hidden, attended.transpose(0, 1).reshape(len(tokens), -1))
        state.used = end
        return hidden
