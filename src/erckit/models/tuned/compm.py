"""CoMPM: the conversation's context plus a memory of what the speaker said before.

Source: Lee and Lee, "CoMPM: Context Modeling with Speaker's Pre-trained Memory Tracking for Emotion Recognition in
Conversation", NAACL 2022, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from erckit.encoding.dropout import dropout
from erckit.encoding.encoder import ConversationEncoder
from erckit.networks.history_gru import HistoryGRU
from erckit.networks.network import ConversationModel, ModelInputs
from erckit.networks.shared_settings import ModelSettings
from erckit.read_when import read_when, unless
from erckit.settings import require

_WITH_HISTORY = read_when(unless("model.history.scope", "none"))


@dataclass(frozen=True, slots=True)
class CoMPMSettings:
    """Settings of the speaker memory.

    Args:
        gru_layers: Layers of the GRU over the history.
        gru_dropout: Dropout between GRU layers.
        has_projection: Whether the speaker vector passes W_p before the sum.
    """

    gru_layers: int = field(default=2, metadata=_WITH_HISTORY)
    gru_dropout: float = field(default=0.3, metadata=_WITH_HISTORY)
    has_projection: bool = field(default=True, metadata=_WITH_HISTORY)

    def __post_init__(self) -> None:
        require(self, "gru_layers", least=1)
        require(self, "gru_dropout", least=0, below=1)


class CoMPM(ConversationModel):
    """Context model (CoM) plus pre-trained memory (PM).

    CoM reads the conversation up to the target; PM reads each earlier utterance of the target's speaker and a
    two-layer GRU runs over them; logits = W_o(context + W_p(last GRU state)).

    Deviations from the paper: the context of all targets comes from one pass with utterance-block-causal attention
    unless ``attention: per_utterance`` is set; an utterance is read off by the mean of its tokens unless ``pooling:
    marker`` is set; PM may share the vectors of that pass (``history.encoder``). The published settings are in the
    recipe ``emonet/emorynlp_thesis``.

    Args:
        settings: See ``ModelSettings``; ``own`` holds ``CoMPMSettings``.
        labels: Number of labels, L.
        identities: Rows of the speaker embedding.
        backbone: Encoder of the context.
        memory_backbone: Second encoder for ``history.encoder: own``, else None.
    """

    Settings: ClassVar[type[Any] | None] = CoMPMSettings
    reads_settings = frozenset(
        {
            "text", "attention", "pooling", "has_separator", "max_utterance_tokens", "left_context", "speaker",
            "history", "dropout", "frozen_layers", "freezes_embeddings", "head.dropout",
        }
    )  # fmt: skip
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "history.scope": ("none", "conversation", "all", "preceding"),  # the GRU reads in order: no chunks
    }

    def __init__(
        self,
        settings: ModelSettings,
        labels: int,
        identities: int,
        backbone: nn.Module,
        memory_backbone: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        own: CoMPMSettings = settings.own
        rate = None if settings.dropout < 0 else settings.dropout
        rows = identities if settings.speaker.form in ("token", "embedding") else 0
        self.encoder = ConversationEncoder(backbone, pooling=settings.pooling, identities=rows, dropout_rate=rate)
        self.memory_encoder = (
            None
            if memory_backbone is None
            else ConversationEncoder(memory_backbone, pooling=settings.pooling, dropout_rate=rate)
        )
        width = self.encoder.width
        self.has_history = settings.history.scope != "none"
        if self.has_history:
            self.gru = HistoryGRU(width, width, own.gru_layers, dropout=own.gru_dropout, batch_first=True)
        if self.has_history and own.has_projection:
            self.projection = nn.Linear(width, width, bias=False)  # without bias: no history adds nothing
        self.classifier = nn.Linear(width, labels)
        self._freeze()

    def _freeze(self) -> None:
        encoders = [self.encoder, *([self.memory_encoder] if self.memory_encoder else [])]
        for encoder in encoders:
            backbone = encoder.backbone
            for name, parameter in backbone.named_parameters():
                if name.startswith("embeddings.") and self.settings.freezes_embeddings:
                    parameter.requires_grad_(False)
                if "relative_attention_bias" in name:
                    parameter.requires_grad_(False)
            for layer in list(backbone.encoder.layer)[: self.settings.frozen_layers]:  # type: ignore[arg-type,union-attr]
                layer.requires_grad_(False)
        if self.memory_encoder is not None and self.settings.history.is_frozen:
            self.memory_encoder.requires_grad_(False)

    def encode(self, inputs: ModelInputs) -> tuple[Tensor, Tensor]:
        """Context vectors and memory vectors of the batch's utterances, (R, H) each."""
        context = self.encoder(inputs.batch)  # (R, H)
        if not self.has_history or self.settings.history.encoder == "shared":
            memory = context
        else:
            assert inputs.plain is not None
            memory = (self.memory_encoder or self.encoder)(inputs.plain)  # (R, H)
        if self.settings.history.is_frozen:
            memory = memory.detach()
        return context, memory

    def represent(self, context: Tensor, sources: Tensor, windows: Tensor) -> Tensor:
        """Context vector plus the vector of the speaker's history, (R, H), 32-bit floats.

        Args:
            context: (R, H).
            sources: Memory vectors that windows point to, (S, H).
            windows: (R, W), -1 for none.
        """
        combined = context.float()
        if self.has_history:
            speaker = self.gru(sources, windows)  # (R, H)
            if self.settings.own.has_projection:
                speaker = self.projection(speaker.to(self.projection.weight.dtype)).float()
            combined = combined + speaker
        return combined  # (R, H)

    def score(self, vectors: Tensor) -> Tensor:
        """Logits (R, L), 32-bit floats, from vectors (R, H); dropout comes before them while training."""
        vectors = dropout(vectors, self.settings.head.dropout) if self.training else vectors
        weight = self.classifier.weight.float()
        with torch.autocast(vectors.device.type, enabled=False):  # logits in full precision
            bias = self.classifier.bias.float()
            return F.linear(vectors, weight, bias)  # (R, L)
