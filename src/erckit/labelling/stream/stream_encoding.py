"""Vectors of the next utterances of several conversations, by whatever way the model reads them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from erckit.conversation import Conversation, Utterance
from erckit.encoding.precision import autocast
from erckit.encoding.stream import Block, EncoderState, StreamEncoder
from erckit.encoding.tokens import TokenizedConversation
from erckit.errors import SettingError
from erckit.labelling.stream.stream_state import StreamState
from erckit.memory.identity import LOCAL_SPEAKERS
from erckit.model_folder.network_folder import PretrainedModel
from erckit.networks.causal_stream import CausalStream, RowState
from erckit.networks.network import ModelInputs

FEW = 2  # conversations labelled together, up to which an even time per utterance counts more than the total


class StreamEncoding:
    """Reads new utterances as a batch would.

    With ``one_pass`` attention what came before is kept as keys and values. ``isolated`` models have nothing to keep,
    unless a causal language model reads for them: then it is that one's keys and values.
    ``per_utterance`` models, which read the context anew for every utterance by their own definition, do so here,
    too: their cost grows until the backbone's positions are full.

    Args:
        parts: The model, in evaluation mode.
        precision: ``fp32`` or ``bf16``.

    Raises:
        SettingError: The model reads later utterances.
    """

    def __init__(self, parts: PretrainedModel, precision: str) -> None:
        settings = parts.settings
        if not parts.is_causal:
            why = "attention 'full'" if settings.attention == "full" else f"history scope '{settings.history.scope}'"
            raise SettingError(
                f"model '{parts.name}' reads later utterances ({why}), which a stream does not have. "
                "Label whole conversations with it, or choose a causal model."
            )
        self.parts, self.precision = parts, precision
        self._device = next(parts.model.parameters()).device
        self._encoder: StreamEncoder | CausalStream | None = None
        if parts.preparation.reads_lines:
            self._encoder = CausalStream(parts.model.causal_reader.at(precision))  # type: ignore[union-attr,operator]
        elif settings.attention == "one_pass":
            self._encoder = StreamEncoder(parts.model.encoder, parts.preparation.left_context, "one_pass", precision)

    def tokenize(self, states: Sequence[StreamState], said: Sequence[Utterance]) -> list[TokenizedConversation]:
        """Token blocks of the next utterance of each conversation."""
        parts = self.parts
        names, identities, single = [], [], []
        for state, utterance in zip(states, said, strict=True):
            # Speakers are numbered by appearance; those who spoke before stand in front of the new utterance.
            earlier = [Utterance(f"-{i}", name, "") for i, name in enumerate(state.speakers)]
            so_far = Conversation("", (*earlier, Utterance("", utterance.speaker, "")))
            names.append(parts.registry.shown_names(so_far, parts.settings.speaker.form)[-1:])
            identities.append(parts.registry.identities(so_far)[-1:])
            single.append(Conversation("", (utterance,)))
        return parts.preparation.tokenize(single, names, identities)

    @property
    def most_speakers(self) -> int:
        """Speakers that have to be known to number the next one."""
        return LOCAL_SPEAKERS if self.parts.registry.identity == "local" else 0

    @torch.inference_mode()
    def encode(
        self, states: Sequence[StreamState], tokenized: Sequence[TokenizedConversation]
    ) -> tuple[Tensor, Tensor, Sequence[EncoderState | RowState]]:
        """Context and memory vectors, (n, H) each, and the encoder states after the utterances."""
        parts = self.parts
        with autocast(self.precision, self._device):
            if self._encoder is None:
                return *self._read_anew(states, tokenized), [state.encoder for state in states]
            blocks = [(t.blocks[0], t.identities[0]) for t in tokenized]
        encoders, looks_ahead = [state.encoder for state in states], len(states) <= FEW
        context, after = self._encoder.encode(encoders, blocks, looks_ahead)  # type: ignore[arg-type]  # its own
        if parts.preparation.reads_lines:
            nothing, speakers = torch.empty(0, 0), parts.preparation.identities(tokenized)
            known = ModelInputs(parts.preparation.pack_context([]), None, nothing, nothing, context, speakers=speakers)
            with autocast(self.precision, self._device):
                context, _ = parts.model.encode(known.to(self._device))
        memory = context
        plain = parts.preparation.pack_plain(tokenized)
        if plain is not None:
            reader = getattr(parts.model, "memory_encoder", None) or parts.model.encoder
            with autocast(self.precision, self._device):
                memory = reader(plain.to(self._device))
        return context.float(), memory.float(), after

    def _read_anew(
        self, states: Sequence[StreamState], tokenized: Sequence[TokenizedConversation]
    ) -> tuple[Tensor, Tensor]:
        """Context and memory vectors, (n, H) each, of a model that keeps no keys."""
        preparation = self.parts.preparation
        pieces, skips = [], []
        for state, new in zip(states, tokenized, strict=True):
            room = preparation.max_tokens - len(new.blocks[0])
            near: list[Block] = []
            for block in reversed(state.blocks):
                room -= len(block[0])
                if room < 0:
                    break
                near.insert(0, block)
            skips.append(len(near))
            pieces.append(
                TokenizedConversation(
                    (*(tokens for tokens, _ in near), *new.blocks),
                    (*(rows for _, rows in near), *new.identities),
                    new.plain,
                    0,
                )
            )
        nothing = torch.empty(0, 0)
        inputs = ModelInputs(
            preparation.pack_context(pieces, skips),
            preparation.pack_plain(pieces),
            nothing,
            nothing,
            speakers=preparation.identities(tokenized),
        )
        context, memory = self.parts.model.encode(inputs.to(self._device))
        return context.float(), memory.float()

    def keep(self, state: StreamState, new: TokenizedConversation) -> None:
        """Keep the block of an utterance where later ones will read it anew."""
        if self.parts.settings.attention != "per_utterance":
            return
        state.blocks.append((new.blocks[0], new.identities[0]))
        total = sum(len(tokens) for tokens, _ in state.blocks)
        while total > self.parts.preparation.max_tokens:
            total -= len(state.blocks.popleft()[0])
