"""What can be set on a model: every published choice by name."""

from __future__ import annotations

from dataclasses import dataclass, field

from erckit.encoding.segments import ATTENTIONS
from erckit.errors import SettingError
from erckit.networks.sentemo_settings import SentEmoSettings
from erckit.settings import choose


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
    min_utterances: int = 10

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
class ModelSettings:
    """Settings of a model; some concern one system only.

    Args:
        name: Published system, a name of ``erckit.models.MODELS``.
        backbone: Backbone name, hub name or folder.
        attention: ``one_pass``, ``per_utterance``, ``full``, or ``isolated`` (every utterance is read alone).
        pooling: ``mean`` over the utterance's tokens, its ``marker`` token, or the ``first`` token of the sequence
            (as published; only with ``per_utterance`` attention, where each target has a sequence of its own).
        has_separator: Whether a separator token ends each block; the next block's marker shows the end as well.
        max_utterance_tokens: Longest utterance block; longer texts are cut and counted.
        left_context: Tokens of left context when a conversation is longer than the backbone's positions; at most half
            of these are used. ``per_utterance`` attention takes as many as fit instead.
        speaker: See ``SpeakerSettings``.
        history: See ``HistorySettings``.
        gru_layers: Layers of the GRU over the history.
        gru_dropout: Dropout between GRU layers.
        has_projection: Whether the speaker vector passes W_p before the sum.
        head_dropout: Dropout before the classifier.
        dropout: Dropout inside the backbone, -1 for the backbone's own value.
        frozen_layers: Lowest backbone layers that are not trained.
        freezes_embeddings: Whether word and position embeddings are left untrained.
        sentemo: See ``SentEmoSettings``; read by ``sentemo`` and ``emonet_frozen`` only.
    """

    name: str = "emonet"
    backbone: str = "all-MiniLM-L6-v2"
    attention: str = "one_pass"
    pooling: str = "mean"
    has_separator: bool = True
    max_utterance_tokens: int = 192
    left_context: int = 256
    speaker: SpeakerSettings = field(default_factory=SpeakerSettings)
    history: HistorySettings = field(default_factory=HistorySettings)
    gru_layers: int = 2
    gru_dropout: float = 0.3
    has_projection: bool = True
    head_dropout: float = 0.1
    dropout: float = -1.0
    frozen_layers: int = 0
    freezes_embeddings: bool = True
    sentemo: SentEmoSettings = field(default_factory=SentEmoSettings)

    def __post_init__(self) -> None:
        choose(self.attention, ATTENTIONS, "model.attention")
        choose(self.pooling, ("mean", "marker", "first"), "model.pooling")
        if self.pooling == "first" and self.attention != "per_utterance":
            raise SettingError("'model.pooling: first' goes with 'model.attention: per_utterance' only.")
        if self.max_utterance_tokens < 16:
            raise SettingError(f"'model.max_utterance_tokens' must be at least 16, got {self.max_utterance_tokens}.")
        for name, least in (("gru_layers", 1), ("frozen_layers", 0), ("left_context", 0)):
            if getattr(self, name) < least:
                raise SettingError(f"'model.{name}' must be at least {least}, got {getattr(self, name)}.")
        for name in ("gru_dropout", "head_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingError(f"'model.{name}' must be in [0, 1), got {getattr(self, name)}.")
        if self.dropout != -1 and not 0 <= self.dropout < 1:
            raise SettingError(f"'model.dropout' must be in [0, 1), or -1 for the backbone's own, got {self.dropout}.")

    @property
    def context_window(self) -> int:
        """Utterances before a target that a context layer of the model's own reads, beside its speaker history."""
        return self.sentemo.context_window if self.name == "emonet_frozen" else 0

    @property
    def is_causal(self) -> bool:
        """Whether no prediction can depend on a later utterance."""
        return self.attention != "full" and self.history.scope != "chunk"
