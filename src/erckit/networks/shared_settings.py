"""Settings that several systems read: speaker, history, reader, head; what is one system's own stands beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from erckit.encoding.segments import ATTENTIONS
from erckit.encoding.spoken_text import TEXTS
from erckit.errors import SettingError
from erckit.read_when import only, read_when, unless
from erckit.settings import choose, require

# Of a backbone that is trained; systems that know no reader always train theirs.
TUNED_ONLY = read_when(only("model.reader.kind", "backbone"), only("model.reader.is_frozen", False))


@dataclass(frozen=True, slots=True)
class SpeakerSettings:
    """How the model is told who speaks.

    Args:
        identity: ``none``, ``local`` to the conversation, or ``global`` across conversations.
        form: ``none``, ``name`` as text, ``first_name`` where it is distinct among known speakers, ``marker``
            ("<s3>" as text, as published), special ``token``, learned ``embedding``.
        min_utterances: Global speakers with fewer training utterances share the unknown identity.
    """

    identity: str = "global"
    form: str = "first_name"
    min_utterances: int = field(default=10, metadata=read_when(only("model.speaker.identity", "global")))

    def __post_init__(self) -> None:
        choose(self.identity, ("none", "local", "global"), "model.speaker.identity")
        choose(self.form, ("none", "name", "first_name", "marker", "token", "embedding"), "model.speaker.form")
        if (self.identity == "none") != (self.form == "none"):
            raise SettingError(
                f"model.speaker: identity '{self.identity}' does not go with form '{self.form}'; "
                "set both to none, or neither."
            )


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """What the model remembers of the speaker.

    Args:
        scope: ``none``, this ``conversation``, or ``all`` earlier conversations too. Or, whoever speaks: the
            ``preceding`` utterances of this conversation, or the ``chunk`` of ``window + 1`` utterances in which the
            target stands, later ones included.
        order: ``story`` (season, episode, scene) or ``file``.
        window: Most utterances remembered, W.
        encoder: ``shared`` takes the vectors that the one pass over their conversation gave; ``tied`` encodes each
            utterance alone with the same weights; ``own`` does so with a second backbone (as published).
        is_frozen: Do not train the history encoder (for ``shared`` and ``tied``: no gradient through history).
    """

    scope: str = "all"
    order: str = "story"
    window: int = 11
    encoder: str = "shared"
    is_frozen: bool = False

    def __post_init__(self) -> None:
        choose(self.scope, ("none", "conversation", "all", "preceding", "chunk"), "model.history.scope")
        choose(self.order, ("story", "file"), "model.history.order")
        choose(self.encoder, ("shared", "tied", "own"), "model.history.encoder")
        if not 1 <= self.window <= 1000:
            raise SettingError(f"'model.history.window' must be 1 to 1000, got {self.window}.")


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """How a system over vectors reads an utterance into one vector.

    Args:
        kind: ``backbone``, a sentence encoder that reads every utterance alone; ``causal_lm``, a causal language model
            that reads the conversation so far, lines ``Name: text``; or ``words``, an LSTM over word embeddings (a
            published baseline).
        layers: Backbone layers whose means are joined to the utterance vector, 0 is below the first; empty is the
            last alone, as sentence-transformers does. A causal language model gives two states per layer, that of
            the line's last token and the mean of the line; at least one layer has to be named.
        is_frozen: Whether the backbone is left as it is, as a causal language model always is. Its vectors are then
            computed once and kept.
        word_vectors: File of word vectors in text form (GloVe, fastText) for ``kind: words``; empty takes the
            backbone's own word embeddings. The file stays where it is: whoever uses the model needs it, too.
        has_projection: Whether the utterance vector is normalised and projected before anything else reads it; a
            vector of several layers has to be.
        width: Length of the projected vectors, and of all that is built on them; 0 is the backbone's.
        projection_dropout: Dropout before that projection.
    """

    kind: str = "backbone"
    layers: tuple[int, ...] = ()
    is_frozen: bool = field(default=True, metadata=read_when(only("model.reader.kind", "backbone")))
    word_vectors: str = ""
    has_projection: bool = True
    width: int = 0
    projection_dropout: float = field(default=0.1, metadata=read_when(only("model.reader.has_projection", True)))

    def __post_init__(self) -> None:
        choose(self.kind, ("backbone", "causal_lm", "words"), "model.reader.kind")
        require(self, "projection_dropout", "model.reader.", least=0, below=1)
        require(self, "width", "model.reader.", least=0, most=8192)
        if any(not isinstance(number, int) or isinstance(number, bool) or number < 0 for number in self.layers):
            raise SettingError(f"'model.reader.layers' must be layer numbers from 0 on, got {list(self.layers)}.")
        if self.word_vectors and self.kind != "words":
            raise SettingError("'model.reader.word_vectors' is read with 'model.reader.kind: words' only.")
        if self.layers and self.kind == "words":
            raise SettingError("'model.reader.layers' is for 'model.reader.kind: backbone' and 'causal_lm' only.")
        if self.kind == "causal_lm" and not self.layers:
            raise SettingError("'model.reader.kind: causal_lm' needs 'model.reader.layers': name one or more.")
        if self.kind == "causal_lm" and not self.is_frozen:
            raise SettingError("'model.reader.kind: causal_lm' is not trained. Leave 'model.reader.is_frozen' true.")
        if self.layers and not self.has_projection:
            raise SettingError("'model.reader.layers' joins vectors; it needs 'model.reader.has_projection: true'.")
        if self.width and not self.has_projection:
            raise SettingError("'model.reader.width' needs 'model.reader.has_projection: true'.")


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """How the label head scores vectors.

    Args:
        kind: ``linear``, ``cosine`` (cosine to a learned direction per label, divided by ``temperature``), or
            ``transformer`` (as published: a transformer layer over the single vector, then linear).
        dropout: Dropout before the classifier.
        temperature: Of the cosine head.
        is_detached: Whether the head only reads the space, so that a metric loss alone shapes it.
    """

    kind: str = "linear"
    dropout: float = field(default=0.1, metadata=read_when(unless("model.head.kind", "cosine")))
    temperature: float = field(default=0.1, metadata=read_when(only("model.head.kind", "cosine")))
    is_detached: bool = field(default=False, metadata=read_when(unless("training.metric.loss", "none")))

    def __post_init__(self) -> None:
        choose(self.kind, ("linear", "cosine", "transformer"), "model.head.kind")
        require(self, "dropout", "model.head.", least=0, below=1)
        if not 0 < self.temperature <= 100:
            raise SettingError(f"'model.head.temperature' must be in (0, 100], got {self.temperature}.")


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Settings of a model: those that several systems read, and those of its own system.

    A recipe says the latter under the system's name, ``model.<name>``; ``erckit.models.model_settings`` builds both
    and refuses what the system does not read.

    Args:
        name: Published system, a name of ``erckit.models.MODELS``.
        backbone: Backbone name, hub name or folder.
        text: What of an utterance is read: ``written``, its text as it stands; ``spoken``, with emoji, emoticons,
            shortcodes, stretched words and HTML entities said in plain words. Training, labelling and streams agree.
        attention: ``one_pass``, ``per_utterance``, ``full``, or ``isolated`` (every utterance is read alone).
        pooling: ``mean`` over the utterance's tokens, its ``marker`` token, or the ``first`` token of the sequence
            (as published; only with ``per_utterance`` attention, where each target has a sequence of its own).
        has_separator: Whether a separator token ends each block; the next block's marker shows the end as well.
        max_utterance_tokens: Longest utterance block; longer texts are cut and counted.
        left_context: Tokens of left context when a conversation is longer than the backbone's positions; at most half
            of these are used. ``per_utterance`` attention takes as many as fit instead.
        speaker: See ``SpeakerSettings``.
        history: See ``HistorySettings``.
        dropout: Dropout inside the backbone, -1 for the backbone's own value.
        frozen_layers: Lowest backbone layers that are not trained.
        freezes_embeddings: Whether word and position embeddings are left untrained.
        reader: See ``ReaderSettings``.
        head: See ``HeadSettings``.
        own: The system's own settings, an instance of its class attribute ``Settings``; None where it has none.
    """

    name: str = "emonet"
    backbone: str = "all-MiniLM-L6-v2"
    text: str = "written"
    attention: str = "one_pass"
    pooling: str = "mean"
    has_separator: bool = True
    max_utterance_tokens: int = 192
    # With per_utterance it is not read either, but the recipes of the published systems write it down.
    left_context: int = field(default=256, metadata=read_when(unless("model.attention", "isolated")))
    speaker: SpeakerSettings = field(default_factory=SpeakerSettings)
    history: HistorySettings = field(
        default_factory=HistorySettings, metadata=read_when(unless("model.history.scope", "none"))
    )
    dropout: float = field(default=-1.0, metadata=TUNED_ONLY)
    frozen_layers: int = field(default=0, metadata=TUNED_ONLY)
    freezes_embeddings: bool = field(default=True, metadata=TUNED_ONLY)
    reader: ReaderSettings = field(default_factory=ReaderSettings)
    head: HeadSettings = field(default_factory=HeadSettings)
    own: Any = None

    def __post_init__(self) -> None:
        choose(self.text, TEXTS, "model.text")
        choose(self.attention, ATTENTIONS, "model.attention")
        choose(self.pooling, ("mean", "marker", "first"), "model.pooling")
        if self.pooling == "first" and self.attention != "per_utterance":
            raise SettingError("'model.pooling: first' goes with 'model.attention: per_utterance' only.")
        require(self, "max_utterance_tokens", "model.", least=16)
        require(self, "frozen_layers", "model.", least=0)
        require(self, "left_context", "model.", least=0)
        if self.dropout != -1 and not 0 <= self.dropout < 1:
            raise SettingError(f"'model.dropout' must be in [0, 1), or -1 for the backbone's own, got {self.dropout}.")


# Every key that several systems may read, but the name and the backbone, which all do.
SHARED_SETTINGS = frozenset(
    {
        "text", "attention", "pooling", "has_separator", "max_utterance_tokens", "left_context", "speaker", "history",
        "dropout", "frozen_layers", "freezes_embeddings", "reader", "head",
    }
)  # fmt: skip
