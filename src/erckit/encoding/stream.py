"""Streaming: one utterance at a time, paying for the new tokens only, with the vectors of the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from erckit.encoding.architecture import Layer, layers_of, relative_bias
from erckit.encoding.encoder import ConversationEncoder
from erckit.encoding.segments import reach_back
from erckit.errors import SettingError
from erckit.settings import choose

Block = tuple[list[int], list[int]]  # tokens of an utterance, and the speaker identity of each
_FIRST_ROOM = 64  # positions for which room is made at first; doubled when used up


@dataclass(frozen=True, slots=True)
class EncoderState:
    """What is kept of one conversation: the open segment, and the blocks that a next one would carry over.

    The tensors grow to the backbone's positions, those of ``ahead`` to the left context, and no further. A state and
    the one that came out of it share them, so only the latest state of a conversation, or the one before it, can be
    continued.

    Args:
        used: Positions of the open segment that are taken.
        kept: Keys and values of the open segment, (layers, 2, heads, room, d), None before the first utterance.
        blocks: Latest blocks, of at most the left context's tokens together.
        ahead: Beginnings of the next segment, each with the number of latest blocks it holds.
    """

    used: int = 0
    kept: Tensor | None = None
    blocks: tuple[Block, ...] = ()
    ahead: tuple[tuple[int, EncoderState], ...] = ()

    @property
    def bytes(self) -> int:
        """Memory that keys and values take."""
        own = 0 if self.kept is None else self.kept.numel() * self.kept.element_size()
        return own + sum(state.bytes for _, state in self.ahead)


@dataclass(frozen=True, slots=True)
class _Job:
    """Blocks that are added to a segment in this pass; ``counted`` latest blocks are in it afterwards."""

    state: EncoderState
    piece: tuple[Block, ...]
    counted: int = 0

    @property
    def lengths(self) -> list[int]:
        return [len(tokens) for tokens, _ in self.piece]

    @property
    def end(self) -> int:
        """Positions that are taken afterwards."""
        return self.state.used + sum(self.lengths)


@dataclass(frozen=True, slots=True)
class _Weights:
    """A layer's weights in the precision of the products, queries, keys and values side by side."""

    qkv: tuple[Tensor, Tensor]
    attention_output: tuple[Tensor, Tensor]
    intermediate: tuple[Tensor, Tensor]
    output: tuple[Tensor, Tensor]


class StreamEncoder:
    """Encodes the next utterances of any number of conversations in one pass.

    Earlier blocks never change under utterance-block-causal attention, so their keys and values are kept and each
    new utterance costs its own tokens only. When the backbone's positions are used up, a new segment starts with
    the same left context as in a batch, which is encoded again once, together with the new utterance.

    That one utterance would cost several times what the others do. So the two likely beginnings of the next segment
    are encoded along (``looks_ahead``), utterance by utterance: nine times in ten one of them is the one that is
    needed. It costs more in total and is meant for few conversations at a time.

    What works per token runs over the new tokens of all conversations at once; attention, where each conversation
    has keys of another length, goes conversation by conversation, so nothing is padded.

    Args:
        encoder: In evaluation mode; its weights are taken as they are now.
        left_context: Tokens of left context a continued conversation carries; the value the batch uses.
        attention: ``one_pass``, or ``isolated`` to read every utterance alone.
        precision: ``fp32``, or ``bf16`` for products and kept keys.

    Raises:
        SettingError: The encoder reads the first token of a sequence per target, which a stream does not have, or
            another attention.
    """

    def __init__(
        self,
        encoder: ConversationEncoder,
        left_context: int = 256,
        attention: str = "one_pass",
        precision: str = "fp32",
    ) -> None:
        if encoder.pooling == "first":
            raise SettingError("a stream has no sequence per target; it needs the pooling 'mean' or 'marker'.")
        choose(attention, ("one_pass", "isolated"), "attention of a stream")
        choose(precision, ("fp32", "bf16"), "precision of a stream")
        self._encoder = encoder
        self._is_isolated = attention == "isolated"
        self._left_context = left_context
        self._dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self._device = next(encoder.parameters()).device
        self._layers = layers_of(encoder.backbone)
        self._weights = [self._prepare(layer) for layer in self._layers]
        positions = torch.arange(encoder.max_tokens, device=self._device)
        bias = relative_bias(encoder.backbone, positions, positions)
        self._bias = None if bias is None else bias[0].to(self._dtype)  # (heads, P, P)

    def _prepare(self, layer: Layer) -> _Weights:
        with torch.inference_mode():
            scale = (self._encoder.width // self._encoder.heads) ** -0.5
            weight = torch.cat([layer.query.weight * scale, layer.key.weight, layer.value.weight])
            bias = torch.cat([layer.query.bias * scale, layer.key.bias, layer.value.bias])
            others = (layer.attention_output, layer.intermediate, layer.output)
            pairs = [(weight, bias), *((linear.weight.detach(), linear.bias.detach()) for linear in others)]
            return _Weights(*((w.to(self._dtype), b.to(self._dtype)) for w, b in pairs))

    @torch.inference_mode()
    def encode(
        self, states: Sequence[EncoderState], blocks: Sequence[Block], looks_ahead: bool = False
    ) -> tuple[Tensor, list[EncoderState]]:
        """Encode the next utterance of each of n conversations.

        Args:
            states: Where each conversation stands; ``EncoderState()`` for a new one.
            blocks: Its next utterance, at most as many tokens as the backbone has positions.
            looks_ahead: Whether the next segments are encoded along; changes costs, and vectors by rounding only.

        Returns:
            Vectors of the utterances, (n, H), equal to the batch's up to float rounding, and the states after them.
        """
        jobs = [self._begin(state, block) for state, block in zip(states, blocks, strict=True)]
        sides = [self._ahead(*one) if looks_ahead else [] for one in zip(states, blocks, jobs, strict=True)]
        everything = [self._with_room(job) for job in [*jobs, *(side for of_one in sides for side in of_one)]]
        hidden = self._run(everything)  # (t, H) of each job
        vectors, after = [], []
        at = len(jobs)
        for i, (block, state) in enumerate(zip(blocks, states, strict=True)):
            own = hidden[i][-len(block[0]) :]
            vectors.append(own[0] if self._encoder.pooling == "marker" else own.float().mean(0).to(own.dtype))
            if self._is_isolated:
                after.append(EncoderState())
                continue
            recent = (*state.blocks, block)
            first = reach_back([len(tokens) for tokens, _ in recent], len(recent), self._left_context)
            ahead = tuple((j.counted, replace(j.state, used=j.end)) for j in everything[at : at + len(sides[i])])
            at += len(sides[i])
            job = everything[i]
            after.append(EncoderState(job.end, job.state.kept, recent[first:], ahead))
        return torch.stack(vectors), after  # (n, H)

    def _begin(self, state: EncoderState, block: Block) -> _Job:
        """The open segment and the block; or the next segment, which begins with left context."""
        limit = self._encoder.max_tokens
        if self._is_isolated:
            return _Job(EncoderState(), (block,))
        if state.used + len(block[0]) <= limit:
            return _Job(state, (block,))
        lengths = [len(tokens) for tokens, _ in state.blocks]
        first = reach_back(lengths, len(lengths), min(self._left_context, limit - len(block[0])))
        context = state.blocks[first:]
        for counted, begun in state.ahead:
            if counted == len(context):
                return _Job(begun, (block,))
        return _Job(EncoderState(), (*context, block))

    def _ahead(self, state: EncoderState, block: Block, job: _Job) -> list[_Job]:
        """The two likely beginnings of the segment after the one that the block goes into.

        The next segment will begin with the latest utterances of at most ``left_context`` tokens: most likely with
        the first one behind the place that is so many tokens before the end, or with the one before that.
        """
        if self._is_isolated:
            return []
        length = len(block[0])
        is_new_segment = job.state is not state
        if state.ahead and not is_new_segment:
            return [
                _Job(begun, (block,), counted + 1)
                for counted, begun in state.ahead
                if begun.used + length <= self._left_context
            ]
        place = self._encoder.max_tokens - self._left_context
        start = job.end - length
        before = start - len(state.blocks[-1][0]) if state.blocks else -1
        if start < place or (before >= place and not is_new_segment):
            return []
        found: list[_Job] = []
        for piece in ((block,), (*state.blocks[-1:], block)):
            if sum(len(tokens) for tokens, _ in piece) <= self._left_context and len(piece) > len(found):
                found.append(_Job(EncoderState(), piece, len(piece)))
        return found

    def _with_room(self, job: _Job) -> _Job:
        """The job with room for its keys and values."""
        state = job.state
        room = 0 if state.kept is None else state.kept.shape[3]
        if job.end <= room:
            return job
        # The room that is left is for the utterances to come; an utterance read alone has none after it.
        if not self._is_isolated:
            room = min(self._encoder.max_tokens, max(_FIRST_ROOM, 2 * room, job.end))
        else:
            room = job.end
        heads = self._encoder.heads
        shape = (len(self._layers), 2, heads, room, self._encoder.width // heads)
        kept = torch.empty(shape, dtype=self._dtype, device=self._device)
        if state.kept is not None:
            kept[:, :, :, : state.used] = state.kept[:, :, :, : state.used]
        return replace(job, state=replace(state, kept=kept))

    def _run(self, jobs: Sequence[_Job]) -> tuple[Tensor, ...]:
        """Last hidden states of the new tokens of each job, (t, H) each."""
        device = self._device
        lengths = [sum(job.lengths) for job in jobs]
        tokens = torch.tensor([t for job in jobs for block, _ in job.piece for t in block], device=device)  # (N,)
        rows = torch.tensor([i for job in jobs for _, of in job.piece for i in of], device=device)  # (N,)
        positions = torch.cat([torch.arange(job.state.used, job.end, device=device) for job in jobs])  # (N,)
        hidden = self._encoder.embed(tokens, positions, rows).to(self._dtype)  # (N, H)
        masks = [self._mask(job) for job in jobs]
        for i, (layer, weights) in enumerate(zip(self._layers, self._weights, strict=True)):
            parts = F.linear(hidden, *weights.qkv).split(lengths)
            attended = torch.cat(
                [self._attend(i, part, job.state, mask) for part, job, mask in zip(parts, jobs, masks, strict=True)]
            )  # (N, H)
            hidden = _norm(layer.attention_norm, F.linear(attended, *weights.attention_output) + hidden)
            inner = layer.activation(F.linear(hidden, *weights.intermediate))  # (N, 4H)
            hidden = _norm(layer.output_norm, F.linear(inner, *weights.output) + hidden)
        return hidden.split(lengths)

    def _attend(self, layer: int, qkv: Tensor, state: EncoderState, mask: Tensor | None) -> Tensor:
        """Attention of the new tokens of one conversation, (t, 3H) to (t, H); their keys and values are kept."""
        assert state.kept is not None
        count, end = len(qkv), state.used + len(qkv)
        split = qkv.view(count, 3, self._encoder.heads, -1).permute(1, 2, 0, 3)  # (3, heads, t, d)
        kept = state.kept[layer]
        kept[:, :, state.used : end] = split[1:]
        scores = split[0] @ kept[0, :, :end].transpose(-1, -2)  # (heads, t, T)
        if mask is not None:
            scores = scores + mask
        attended = torch.softmax(scores, dim=-1) @ kept[1, :, :end]  # (heads, t, d)
        return attended.transpose(0, 1).reshape(count, -1)

    def _mask(self, job: _Job) -> Tensor | None:
        """What is added to the scores of the new tokens, (heads or 1, t, T); None where that is nothing."""
        lengths, used, end = job.lengths, job.state.used, job.end
        mask = None if self._bias is None else self._bias[:, used:end, :end]
        if len(lengths) == 1:
            return mask
        owner = torch.repeat_interleave(torch.tensor(lengths)).to(self._device)  # (t,)
        of_keys = F.pad(owner, (used, 0), value=-1)  # (T,): everything kept is seen by all
        barred = torch.zeros(1, end - used, end, dtype=self._dtype, device=self._device).masked_fill_(
            of_keys[None, None, :] > owner[None, :, None], torch.finfo(self._dtype).min
        )
        return barred if mask is None else (barred + mask).clamp(min=torch.finfo(self._dtype).min)


def _norm(norm: torch.nn.LayerNorm, hidden: Tensor) -> Tensor:
    return F.layer_norm(hidden.float(), norm.normalized_shape, norm.weight, norm.bias, norm.eps).to(hidden.dtype)
