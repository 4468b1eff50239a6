"""SentEmoContext: sentence vectors, a transformer layer over the conversation, and a metric space of emotions.

Source: Gendron and Guibon, "SEC: Context-Aware Metric Learning for Efficient Emotion Recognition in Conversation",
WASSA 2024, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from erckit.encoding.dropout import dropout
from erckit.encoding.encoder import ConversationEncoder
from erckit.encoding.vectors.text_vectors import pooled_layers
from erckit.encoding.vectors.word_vectors import load_word_vectors
from erckit.errors import SettingError
from erckit.networks.context_layer import ContextLayer
from erckit.networks.network import ConversationModel, ModelInputs
from erckit.networks.shared_settings import ModelSettings
from erckit.networks.word_reader import WordReader
from erckit.settings import require


@dataclass(frozen=True, slots=True)
class SentEmoSettings:
    """Settings of the context layer.

    Args:
        heads: Attention heads of the context layer.
        feedforward: Inner width of the context layer; 0 leaves its second half out.
        dropout: Dropout of the context layer and its parts. A ``transformer`` head has the same three.
        is_normalised: Whether the vectors of the metric space have length 1.
    """

    heads: int = 8
    feedforward: int = 768
    dropout: float = 0.3
    is_normalised: bool = False

    def __post_init__(self) -> None:
        require(self, "heads", least=1)
        require(self, "feedforward", least=0)
        require(self, "dropout", least=0, below=1)


class SentEmo(ConversationModel):
    """Each utterance is read alone by a sentence encoder; a context layer turns it into a vector of the metric space.

    vector(u) = layer(target u; the utterances in its window); logits = head(vector).

    ``history.scope`` says what the window holds: ``chunk``, the whole chunk of at most ``history.window + 1``
    utterances (as published: later ones included, so not causal); ``preceding``, the utterances before the target
    (causal); ``none``, nothing: the isolated baselines.

    Deviations, also in the published recipe: attention runs over the utterances of one conversation; the published
    code flattens a chunk into one vector of 5,760 numbers and lets the conversations of a batch attend to each
    other. Missing utterances are masked, not replaced by noise. Positions are distances to the target.

    Args:
        settings: See ``ModelSettings``; ``own`` holds ``SentEmoSettings``.
        labels: Number of labels, L.
        identities: Unused: the system does not know speakers.
        backbone: Sentence encoder.
        memory_backbone: Must be None.
    """

    Settings: ClassVar[type[Any] | None] = SentEmoSettings
    reads_settings = frozenset(
        {
            "max_utterance_tokens", "history.scope", "history.window", "dropout", "frozen_layers",
            "freezes_embeddings", "reader", "head",
        }
    )  # fmt: skip
    defaults: ClassVar[Mapping[str, Any]] = {
        "attention": "isolated", "speaker.identity": "none", "speaker.form": "none", "history.scope": "preceding",
    }  # fmt: skip
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"history.scope": ("none", "preceding", "chunk")}

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
        own, reader = settings.own, settings.reader
        rate = None if settings.dropout < 0 else settings.dropout
        self.encoder = ConversationEncoder(backbone, pooling="mean", dropout_rate=rate)
        width, depth = self.encoder.width, len(backbone.encoder.layer)  # type: ignore[arg-type,union-attr]
        if reader.layers and max(reader.layers) > depth:
            raise SettingError(f"'model.reader.layers' names layer {max(reader.layers)}; the backbone has {depth}.")
        read = width * max(1, len(reader.layers))
        width = reader.width or width
        self.width = width
        if width % own.heads:
            raise SettingError(
                f"'model.{settings.name}.heads' must divide the {width} units of a vector, got {own.heads}."
            )
        self.words = None
        if reader.kind == "words":
            table = (
                torch.from_numpy(load_word_vectors(Path(reader.word_vectors)).table)
                if reader.word_vectors
                else backbone.embeddings.word_embeddings.weight  # type: ignore[union-attr]
            )
            self.words = WordReader(table, self.encoder.width)  # type: ignore[arg-type]
        self.has_history = settings.history.scope != "none"
        if reader.has_projection:
            self.projection_norm = nn.LayerNorm(read)
            self.projection = nn.Linear(read, width)
        self.context = ContextLayer(width, self._places(settings), own.heads, own.feedforward, own.dropout)
        if settings.head.kind == "transformer":
            self.classifier_layer = ContextLayer(width, 0, own.heads, own.feedforward, own.dropout)
            self.classifier_norm = nn.LayerNorm(width)
            self.classifier_value = nn.Linear(width, width)
        self.classifier = nn.Linear(width, labels)
        self._freeze()

    @staticmethod
    def _places(settings: ModelSettings) -> int:
        """Places of the context layer's window."""
        return {"none": 0, "preceding": 1, "chunk": 2}[settings.history.scope] * settings.history.window

    def _freeze(self) -> None:
        backbone = self.encoder.backbone
        if self.settings.reader.is_frozen or self.words is not None:
            backbone.requires_grad_(False)
        for name, parameter in backbone.named_parameters():
            if name.startswith("embeddings.") and self.settings.freezes_embeddings:
                parameter.requires_grad_(False)
            if "relative_attention_bias" in name:
                parameter.requires_grad_(False)
        for layer in list(backbone.encoder.layer)[: self.settings.frozen_layers]:  # type: ignore[arg-type,union-attr]
            layer.requires_grad_(False)

    @property
    def memory_width(self) -> int:
        """Length of the projected vectors, H."""
        return self.width

    @classmethod
    def keeps_vectors(cls, settings: ModelSettings) -> bool:
        """Whether a frozen backbone is what reads the utterances."""
        return settings.reader.is_frozen and settings.reader.kind == "backbone"

    @classmethod
    def trains_head_first(cls, settings: ModelSettings) -> bool:
        """Whether sentence vectors are there before training."""
        return cls.keeps_vectors(settings)

    def encode(self, inputs: ModelInputs) -> tuple[Tensor, Tensor]:
        """Projected sentence vectors of the batch's utterances, (R, H), as context and as memory."""
        reader = self.settings.reader
        vectors = inputs.vectors
        if self.words is not None:
            vectors = self.words(inputs.batch)
        elif vectors is None and reader.is_frozen:
            with torch.no_grad():
                self.encoder.eval()  # a frozen encoder gives the same vectors in training, too
                vectors = pooled_layers(self.encoder, inputs.batch, reader.layers)
        elif vectors is None:
            vectors = pooled_layers(self.encoder, inputs.batch, reader.layers)
        vectors = self.project(vectors)
        return vectors, vectors  # (R, H)

    def project(self, vectors: Tensor) -> Tensor:
        """What the context layer reads, (R, H), from sentence vectors, (R, H x layers)."""
        reader = self.settings.reader
        if not reader.has_projection:
            return vectors
        vectors = self.projection_norm(vectors)
        vectors = dropout(vectors, reader.projection_dropout) if self.training else vectors
        return self.projection(vectors).float()

    def represent(self, context: Tensor, sources: Tensor, windows: Tensor) -> Tensor:
        """Vectors of the metric space, (R, H).

        Args:
            context: Sentence vectors of the targets, (R, H).
            sources: Sentence vectors that windows point to, (S, H).
            windows: (R, W), or (R, 2W) for chunks, -1 for none.
        """
        vectors = self.context(context, sources, windows)
        return F.normalize(vectors, dim=1) if self.settings.own.is_normalised else vectors

    def score(self, vectors: Tensor) -> Tensor:
        """Logits (R, L) from vectors of the metric space, or from sentence vectors, (R, H)."""
        head = self.settings.head
        vectors = vectors.float()
        if self.training and head.is_detached:
            vectors = vectors.detach()
        if head.kind == "transformer":
            # attention over a single vector is its value
            vectors = self.classifier_norm(vectors + self._drop(self.classifier_value(vectors)).float())
            vectors = self.classifier_layer(vectors, vectors, vectors.new_empty(0))
        weight, bias = self.classifier.weight.float(), self.classifier.bias.float()
        with torch.autocast(vectors.device.type, enabled=False):  # logits in full precision
            if head.kind == "cosine":
                return F.linear(F.normalize(vectors, dim=1), F.normalize(weight, dim=1) / head.temperature, bias)
            vectors = dropout(vectors, head.dropout) if self.training else vectors
            return F.linear(vectors, weight, bias)  # (R, L)

    def _drop(self, values: Tensor) -> Tensor:
        return dropout(values, self.settings.own.dropout) if self.training else values
