"""EmoNet on a frozen reader: context and speaker history over sentence vectors that are computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from erckit.causal.causal_lm import CausalLM
from erckit.networks.context_layer import ContextLayer, check_heads
from erckit.networks.history_gru import HistoryGRU
from erckit.networks.network import ModelInputs
from erckit.networks.shared_settings import ModelSettings
from erckit.networks.window_context import WindowContext
from erckit.read_when import read_when, unless
from erckit.settings import require

_WITH_HISTORY = read_when(unless("model.history.scope", "none"))


@dataclass(frozen=True, slots=True)
class EmoNetFrozenSettings:
    """Settings of the context layer and the speaker memory.

    Args:
        context_window: Utterances before the target that the context layer reads.
        heads: Attention heads of the context layer.
        feedforward: Inner width of the context layer; 0 leaves its second half out.
        dropout: Dropout of the context layer and its parts. A ``transformer`` head has the same three.
        is_normalised: Whether the vectors that the head reads have length 1.
        gru_layers: Layers of the GRU over the speaker's earlier utterances.
        gru_dropout: Dropout between GRU layers.
    """

    context_window: int = 14
    heads: int = 8
    feedforward: int = 768
    dropout: float = 0.3
    is_normalised: bool = False
    gru_layers: int = field(default=2, metadata=_WITH_HISTORY)
    gru_dropout: float = field(default=0.3, metadata=_WITH_HISTORY)

    def __post_init__(self) -> None:
        require(self, "context_window", least=1, most=1000)
        require(self, "heads", least=1)
        require(self, "feedforward", least=0)
        require(self, "dropout", least=0, below=1)
        require(self, "gru_layers", least=1)
        require(self, "gru_dropout", least=0, below=1)


class EmoNetFrozen(WindowContext):
    """Context vector + GRU over the speaker's earlier utterances, with a reader that training leaves alone.

    vector(u) = projection of the frozen reader's layers + embedding of the speaker;
    logits = head(layer(vector; the vectors of the utterances before) + W_p GRU(the speaker's earlier vectors)).

    Source: the parts are EmoNet's (MS thesis, 2024): dialogue context, who speaks, what this speaker said before
    across conversations, the weighted loss. Reader and context layer are SentEmoContext's (WASSA 2024, section 3).

    Deviations from EmoNet: the backbone is not trained, so that several layers of it can be read and nothing
    overfits; the context is a transformer layer over utterance vectors; identity is an embedding added to them.

    Args:
        settings: See ``ModelSettings``; ``own`` holds ``EmoNetFrozenSettings``. ``history.window`` is the speaker's.
        labels: Number of labels, L.
        identities: Rows of the speaker embedding.
        backbone: Sentence encoder.
        memory_backbone: Must be None.
    """

    Settings: ClassVar[type[Any] | None] = EmoNetFrozenSettings
    reads_settings = frozenset(
        {
            "text", "max_utterance_tokens", "speaker", "history.scope", "history.order", "history.window", "dropout",
            "frozen_layers", "freezes_embeddings", "reader", "head",
        }
    )  # fmt: skip
    defaults: ClassVar[Mapping[str, Any]] = {"attention": "isolated", "speaker.form": "embedding"}
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "speaker.form": ("none", "embedding"),
        "history.scope": ("none", "conversation", "all"),
    }
    speaker_tables = ("speaker.weight",)

    def __init__(
        self,
        settings: ModelSettings,
        labels: int,
        identities: int,
        backbone: nn.Module | CausalLM,
        memory_backbone: nn.Module | None = None,
    ) -> None:
        super().__init__(settings, labels, identities, backbone, memory_backbone)
        width, own = self.width, settings.own
        if self.has_history:
            self.gru = HistoryGRU(width, width, own.gru_layers, dropout=own.gru_dropout, batch_first=True)
            self.speaker_projection = nn.Linear(width, width, bias=False)  # no history adds nothing
        self.speaker = None
        if settings.speaker.form == "embedding":
            self.speaker = nn.Embedding(identities, width)
            nn.init.zeros_(self.speaker.weight)

    def build_context(self, width: int) -> int:
        """A layer over the utterances before; its vectors are as long as those it reads."""
        own = self.settings.own
        check_heads(self.settings, width)
        self.context = ContextLayer(width, own.context_window, own.heads, own.feedforward, own.dropout)
        return width

    @classmethod
    def trains_head_first(cls, settings: ModelSettings) -> bool:
        """Whether sentence vectors are there before training."""
        return cls.keeps_vectors(settings)

    @property
    def context_window(self) -> int:
        """Utterances before a target that the context layer reads, C."""
        return int(self.settings.own.context_window)

    def encode(self, inputs: ModelInputs) -> tuple[Tensor, Tensor]:
        """Vectors of the batch's utterances with their speakers, (R, H), not yet in context, and as memory."""
        vectors, _ = super().encode(inputs)
        if self.speaker is not None:
            assert inputs.speakers is not None
            vectors = vectors + self.speaker(inputs.speakers)
        return vectors, vectors  # (R, H)

    def look(self, targets: Tensor, sources: Tensor, windows: Tensor) -> Tensor:
        """Context vectors, (R, H), 32-bit floats."""
        return self.context(targets, sources, windows)

    def represent(self, context: Tensor, sources: Tensor, windows: Tensor) -> Tensor:
        """Context vector plus the vector of the speaker's history, (R, H), 32-bit floats."""
        vectors = context.float()
        if self.has_history:
            speaker = self.gru(sources, windows)  # (R, H)
            vectors = vectors + self.speaker_projection(speaker.to(self.speaker_projection.weight.dtype)).float()
        return torch.nn.functional.normalize(vectors, dim=1) if self.settings.own.is_normalised else vectors
