"""What can be set on SentEmoContext besides what every model has."""

from __future__ import annotations

from dataclasses import dataclass

from erckit.errors import SettingError
from erckit.settings import choose


@dataclass(frozen=True, slots=True)
class SentEmoSettings:
    """Settings of ``sentemo``.

    Args:
        reader: ``backbone``, or ``words``: an LSTM over word embeddings (the published baseline).
        word_vectors: File of word vectors in text form (GloVe, fastText) for ``reader: words``; empty takes the
            backbone's own word embeddings. The file stays where it is: whoever uses the model needs it, too.
        freezes_backbone: Whether the backbone is left as it is. Its vectors are then computed once and kept.
        layers: Backbone layers whose means are joined to the utterance vector, 0 is below the first; empty is the
            last alone, as sentence-transformers does.
        has_projection: Whether the utterance vector is normalised and projected before the context layer; a vector
            of several layers has to be.
        width: Length of the projected vectors, and of all that is built on them; 0 is the backbone's.
        projection_dropout: Dropout before that projection.
        context_window: Utterances before the target that the context layer of ``emonet_frozen`` reads; that of
            ``sentemo`` reads the window of ``history``.
        heads: Attention heads of the context layer.
        feedforward: Inner width of the context layer; 0 leaves its second half out.
        dropout: Dropout of the context layer and its parts.
        is_normalised: Whether the vectors of the metric space have length 1.
        head: ``linear``, ``cosine`` (cosine to a learned direction per label, divided by ``temperature``), or
            ``transformer`` (as published: a transformer layer over the single vector, then linear).
        temperature: Of the cosine head.
        is_detached: Whether the head only reads the space, so that a metric loss alone shapes it.
    """

    reader: str = "backbone"
    word_vectors: str = ""
    freezes_backbone: bool = True
    layers: tuple[int, ...] = ()
    has_projection: bool = True
    width: int = 0
    projection_dropout: float = 0.1
    context_window: int = 14
    heads: int = 8
    feedforward: int = 768
    dropout: float = 0.3
    is_normalised: bool = False
    head: str = "linear"
    temperature: float = 0.1
    is_detached: bool = False

    def __post_init__(self) -> None:
        choose(self.reader, ("backbone", "words"), "model.sentemo.reader")
        choose(self.head, ("linear", "cosine", "transformer"), "model.sentemo.head")
        for name in ("projection_dropout", "dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingError(f"'model.sentemo.{name}' must be in [0, 1), got {getattr(self, name)}.")
        if self.heads < 1 or self.feedforward < 0:
            raise SettingError(
                "'model.sentemo.heads' must be at least 1 and 'model.sentemo.feedforward' 0 or more, "
                f"got {self.heads} and {self.feedforward}."
            )
        if not 0 < self.temperature <= 100:
            raise SettingError(f"'model.sentemo.temperature' must be in (0, 100], got {self.temperature}.")
        if not 0 <= self.width <= 8192:
            raise SettingError(f"'model.sentemo.width' must be 0 to 8192, got {self.width}.")
        if not 1 <= self.context_window <= 1000:
            raise SettingError(f"'model.sentemo.context_window' must be 1 to 1000, got {self.context_window}.")
        if any(not isinstance(number, int) or isinstance(number, bool) or number < 0 for number in self.layers):
            raise SettingError(f"'model.sentemo.layers' must be layer numbers from 0 on, got {list(self.layers)}.")
        if self.word_vectors and self.reader != "words":
            raise SettingError("'model.sentemo.word_vectors' is read with 'model.sentemo.reader: words' only.")
        if self.layers and self.reader == "words":
            raise SettingError("'model.sentemo.layers' is for 'model.sentemo.reader: backbone' only.")
        if self.layers and not self.has_projection:
            raise SettingError("'model.sentemo.layers' joins vectors; it needs 'model.sentemo.has_projection: true'.")
