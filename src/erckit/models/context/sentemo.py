"""SentEmoContext: sentence vectors, a transformer layer over the conversation, and a metric space of emotions.

Source: Gendron and Guibon, "SEC: Context-Aware Metric Learning for Efficient Emotion Recognition in Conversation",
WASSA 2024, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor
from torch.nn import functional as F

from erckit.networks.context_layer import ContextLayer, check_heads
from erckit.networks.context_model import ContextModel
from erckit.networks.shared_settings import ModelSettings
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


class SentEmo(ContextModel):
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
            "text", "max_utterance_tokens", "history.scope", "history.window", "dropout", "frozen_layers",
            "freezes_embeddings", "reader", "head",
        }
    )  # fmt: skip
    defaults: ClassVar[Mapping[str, Any]] = {
        "attention": "isolated", "speaker.identity": "none", "speaker.form": "none", "history.scope": "preceding",
    }  # fmt: skip
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"history.scope": ("none", "preceding", "chunk")}

    def build_context(self, width: int) -> int:
        """A layer over the window; its vectors are as long as those it reads."""
        own = self.settings.own
        check_heads(self.settings, width)
        self.context = ContextLayer(width, self._places(self.settings), own.heads, own.feedforward, own.dropout)
        return width

    @staticmethod
    def _places(settings: ModelSettings) -> int:
        """Places of the context layer's window."""
        return {"none": 0, "preceding": 1, "chunk": 2}[settings.history.scope] * settings.history.window

    @classmethod
    def trains_head_first(cls, settings: ModelSettings) -> bool:
        """Whether sentence vectors are there before training."""
        return cls.keeps_vectors(settings)

    def represent(self, context: Tensor, sources: Tensor, windows: Tensor) -> Tensor:
        """Vectors of the metric space, (R, H).

        Args:
            context: Sentence vectors of the targets, (R, H).
            sources: Sentence vectors that windows point to, (S, H).
            windows: (R, W), or (R, 2W) for chunks, -1 for none.
        """
        vectors = self.context(context, sources, windows)
        return F.normalize(vectors, dim=1) if self.settings.own.is_normalised else vectors
