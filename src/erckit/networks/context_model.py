"""Systems over utterance vectors: a reader, a context module, a label head. A system writes the context module."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from erckit.causal.causal_lm import CausalLM
from erckit.encoding.dropout import dropout
from erckit.encoding.encoder import ConversationEncoder
from erckit.encoding.vectors.text_vectors import pooled_layers
from erckit.encoding.vectors.word_vectors import load_word_vectors
from erckit.errors import SettingError
from erckit.networks.causal_reader import CausalReader
from erckit.networks.context_layer import ContextLayer
from erckit.networks.network import ConversationModel, ModelInputs
from erckit.networks.shared_settings import ModelSettings
from erckit.networks.word_reader import WordReader


class ContextModel(ConversationModel):
    """Every utterance is read into a vector; what a subclass builds puts the vectors into context.

    A subclass implements :meth:`build_context`, and one of three families says how its module is run:
    :class:`~erckit.networks.window_context.WindowContext`, a window of vectors for every target;
    :class:`~erckit.networks.recurrent_context.RecurrentContext`, a state from utterance to utterance;
    :class:`~erckit.networks.graph_context.GraphContext`, vectors passed on along edges. Batching and streaming come
    with the family.

    Args:
        settings: See ``ModelSettings``.
        labels: Number of labels, L.
        identities: Rows of a table of speakers across conversations.
        backbone: Sentence encoder, or a causal language model where ``reader.kind`` says so.
        memory_backbone: Must be None.

    Attributes:
        causal_reader: Reads conversations with the causal language model, in 32-bit floats; None with an encoder.
    """

    reads_settings = frozenset(
        {"text", "max_utterance_tokens", "dropout", "frozen_layers", "freezes_embeddings", "reader", "head"}
    )
    defaults: ClassVar[Mapping[str, Any]] = {
        "attention": "isolated", "speaker.identity": "none", "speaker.form": "none", "history.scope": "none",
    }  # fmt: skip

    def __init__(
        self,
        settings: ModelSettings,
        labels: int,
        identities: int,
        backbone: nn.Module | CausalLM,
        memory_backbone: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        reader = settings.reader
        self.words: WordReader | None = None
        self.causal_reader: CausalReader | None = None
        if isinstance(backbone, CausalLM):
            self.causal_reader = CausalReader(backbone, reader.layers, longest_line=settings.max_utterance_tokens)
            self.causal_lm = backbone.model
            self.width, read = reader.width or self.causal_reader.hidden, self.causal_reader.width
        else:
            self._take_encoder(backbone)
            self.width, read = reader.width or self.encoder.width, self.encoder.width * max(1, len(reader.layers))
        self.has_history = settings.history.scope != "none"
        if reader.has_projection:
            self.projection_norm = nn.LayerNorm(read)
            self.projection = nn.Linear(read, self.width)
        # The order in which parts are made is the order of random draws: the same seed gives the same weights.
        scored = self.build_context(self.width)
        if settings.head.kind == "transformer":
            own = settings.own
            self.classifier_layer = ContextLayer(scored, 0, own.heads, own.feedforward, own.dropout)
            self.classifier_norm = nn.LayerNorm(scored)
            self.classifier_value = nn.Linear(scored, scored)
        self.classifier = nn.Linear(scored, labels)
        self._freeze()

    @abstractmethod
    def build_context(self, width: int) -> int:
        """Make the context module.

        Args:
            width: Length of the vectors that it reads, H.

        Returns:
            Length of the vectors that the label head reads.
        """

    def _take_encoder(self, backbone: nn.Module) -> None:
        settings, reader = self.settings, self.settings.reader
        rate = None if settings.dropout < 0 else settings.dropout
        self.encoder = ConversationEncoder(backbone, pooling="mean", dropout_rate=rate)
        depth = len(backbone.encoder.layer)  # type: ignore[arg-type,union-attr]
        if reader.layers and max(reader.layers) > depth:
            raise SettingError(f"'model.reader.layers' names layer {max(reader.layers)}; the backbone has {depth}.")
        if reader.kind == "words":
            table = (
                torch.from_numpy(load_word_vectors(Path(reader.word_vectors)).table)
                if reader.word_vectors
                else backbone.embeddings.word_embeddings.weight  # type: ignore[union-attr]
            )
            self.words = WordReader(table, self.encoder.width)  # type: ignore[arg-type]

    def _freeze(self) -> None:
        if self.causal_reader is not None:
            self.causal_lm.requires_grad_(False)
            return
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
    def max_tokens(self) -> int:
        """Tokens that the reader reads together."""
        return self.encoder.max_tokens if self.causal_reader is None else self.causal_reader.max_tokens

    @property
    def memory_width(self) -> int:
        """Length of the projected vectors, H."""
        return self.width

    @classmethod
    def keeps_vectors(cls, settings: ModelSettings) -> bool:
        """Whether a frozen backbone is what reads the utterances."""
        return settings.reader.is_frozen and settings.reader.kind != "words"

    def encode(self, inputs: ModelInputs) -> tuple[Tensor, Tensor]:
        """Projected vectors of the batch's utterances, (R, H), as context and as memory.

        A causal language model's are always known before.
        """
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
        """What the context module reads, (R, H), from what the reader gives, (R, V)."""
        reader = self.settings.reader
        if not reader.has_projection:
            return vectors
        vectors = self.projection_norm(vectors)
        vectors = dropout(vectors, reader.projection_dropout) if self.training else vectors
        return self.projection(vectors).float()

    def represent(self, context: Tensor, sources: Tensor, windows: Tensor) -> Tensor:
        """The context vectors themselves, 32-bit floats; a system with a speaker history adds it here."""
        return context.float()

    def score(self, vectors: Tensor) -> Tensor:
        """Logits (R, L), 32-bit floats, from what :meth:`represent` returned."""
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
