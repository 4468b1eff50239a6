"""Where what a prompt shows besides the conversation comes from: demonstrations, annotations, recent emotions."""

from __future__ import annotations

from dataclasses import dataclass, field

from erckit.backbones.causal_lms import DEFAULT_CAUSAL_LM
from erckit.errors import SettingError
from erckit.read_when import only, read_when, unless
from erckit.settings import choose

RETRIEVALS = ("label_blind", "same_label")
SCOPES = ("none", "conversation", "all")  # of model.history, for LLM systems
LABEL_FORMS = ("auto", "first", "full")
ENGINES = ("extract", "local", "endpoint", "file")
_TRAINED = only("training.llm.is_trained", True)
_ASKED = read_when(only("context.engine.kind", "local", "endpoint"))
_ENDPOINT = read_when(only("context.engine.kind", "endpoint"))


@dataclass(frozen=True, slots=True)
class DemonstrationSettings:
    """Retrieved examples.

    Args:
        how: In training: ``label_blind`` takes the nearest of the pool; ``same_label`` the nearest with the
            utterance's own gold label, as InstructERC publishes, from which a model learns to copy. Dev, test and
            labelling are always blind.
        per_label: Examples of each label in the pool; 0 for as many as the rarest has.
        encoder: Backbone whose sentence vectors are compared.
    """

    how: str = field(default="label_blind", metadata=read_when(unless("style.demonstrations", 0), _TRAINED))
    per_label: int = field(default=0, metadata=read_when(unless("style.demonstrations", 0)))
    encoder: str = field(
        default="all-MiniLM-L6-v2",
        metadata=read_when(
            (unless("style.demonstrations", 0), unless("style.related", 0), unless("style.biography_sentences", 0))
        ),
    )

    def __post_init__(self) -> None:
        choose(self.how, RETRIEVALS, "context.demonstrations.how")
        if self.per_label < 0:
            raise SettingError(f"'context.demonstrations.per_label' must be 0 or more, got {self.per_label}.")


@dataclass(frozen=True, slots=True)
class ExampleSettings:
    """Few-shot examples: labelled utterances of train, the same in every prompt but of their own conversation.

    Args:
        count: How many, as many of each label as of every other, or one more; 0 shows none.
        seed: Of the draw, and of their order.
    """

    count: int = 0
    seed: int = field(default=0, metadata=read_when(unless("context.examples.count", 0)))

    def __post_init__(self) -> None:
        for name in ("count", "seed"):
            if getattr(self, name) < 0:
                raise SettingError(f"'context.examples.{name}' must be 0 or more, got {getattr(self, name)}.")


@dataclass(frozen=True, slots=True)
class RecentSettings:
    """The speaker's earlier utterances with their emotions; ``model.history`` says where they may come from.

    A model that labels has no gold labels: it shows its own labels, which a first pass without them gives. Training
    shows gold labels of earlier utterances, fewer and fewer of them; the others are what the model says of that
    utterance in such a first pass, as it is in that epoch before it learns from the conversation, so that it meets its
    own mistakes.

    Args:
        gold_share: Chance that training shows a gold label, at the last step; it falls to this linearly from 1.
        dropped: Chance that training shows an utterance without any, as in the first pass; in [0, 1).
    """

    gold_share: float = 0.0
    dropped: float = 0.25

    def __post_init__(self) -> None:
        if not 0 <= self.gold_share <= 1:
            raise SettingError(f"'context.recent.gold_share' must be in [0, 1], got {self.gold_share}.")
        if not 0 <= self.dropped < 1:
            raise SettingError(f"'context.recent.dropped' must be at least 0 and less than 1, got {self.dropped}.")


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Who writes biographies and characteristics.

    Args:
        kind: ``extract`` quotes what the speaker said, without any model; ``local`` asks a causal LM on this machine;
            ``endpoint`` any OpenAI-compatible server; ``file`` reads ready annotations.
        model: Name of the LM, for ``local`` (the embedded one if empty) and ``endpoint``.
        url: Of the endpoint.
        file: Of ready annotations.
        tokens: Most tokens that may be spent in all, 0 for no limit.
        seconds: Most seconds that may be spent on asking in all, 0 for no limit.
        tries: Times a request is tried.
        timeout: Seconds of one try at an endpoint.
        parallel: Requests under way at the same time.
    """

    kind: str = "extract"
    model: str = field(default="", metadata=_ASKED)
    url: str = field(default="", metadata=_ENDPOINT)
    file: str = field(default="", metadata=read_when(only("context.engine.kind", "file")))
    tokens: int = field(default=0, metadata=_ASKED)
    seconds: float = field(default=0.0, metadata=_ASKED)
    tries: int = field(default=4, metadata=_ASKED)
    timeout: float = field(default=60.0, metadata=_ENDPOINT)
    parallel: int = field(default=4, metadata=_ASKED)

    def __post_init__(self) -> None:
        choose(self.kind, ENGINES, "context.engine.kind")
        if not self.model and self.kind != "endpoint":
            object.__setattr__(self, "model", DEFAULT_CAUSAL_LM)  # an endpoint has models of its own
        needed = (("endpoint", "model"), ("endpoint", "url"), ("file", "file"))
        for kind, key in needed:
            if self.kind == kind and not getattr(self, key):
                raise SettingError(f"'context.engine.kind: {kind}' needs a value for context.engine.{key}.")
        for key in ("tokens", "seconds"):
            if getattr(self, key) < 0:
                raise SettingError(f"'context.engine.{key}' must be 0 or more, got {getattr(self, key)}.")
        for key in ("tries", "parallel"):
            if getattr(self, key) < 1:
                raise SettingError(f"'context.engine.{key}' must be at least 1, got {getattr(self, key)}.")
        if self.timeout <= 0:
            raise SettingError(f"'context.engine.timeout' must be above 0, got {self.timeout}.")


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """What a prompt is given; a style asks only for what it shows.

    Args:
        demonstrations: See ``DemonstrationSettings``.
        examples: See ``ExampleSettings``.
        recent: See ``RecentSettings``.
        engine: See ``EngineSettings``.
        removes_prior: Whether the label scores of a content-free prompt are taken off (contextual calibration); None
            does so where nothing is trained (``Recipe.removes_prior``).
        label_form: What is scored of each label: the ``first`` token of its word, the ``full`` word (its likelihood
            divided by its number of tokens), or ``auto``: ``first`` where all labels differ in it, else ``full``.
        max_tokens: Longest prompt, left context included.
        left_context: Tokens of earlier utterances that are shown again where a conversation is longer.
    """

    demonstrations: DemonstrationSettings = field(default_factory=DemonstrationSettings)
    examples: ExampleSettings = field(default_factory=ExampleSettings)
    recent: RecentSettings = field(
        default_factory=RecentSettings,
        metadata=read_when(_TRAINED, (unless("style.recent", 0), unless("style.related", 0))),
    )
    engine: EngineSettings = field(
        default_factory=EngineSettings,
        metadata=read_when(
            (only("style.biography", True), unless("style.biographies", "none"), unless("style.elements", ()))
        ),
    )
    removes_prior: bool | None = None
    label_form: str = "auto"
    max_tokens: int = 1024
    left_context: int = 512

    def __post_init__(self) -> None:
        choose(self.label_form, LABEL_FORMS, "context.label_form")
        if self.max_tokens < 64:
            raise SettingError(f"'context.max_tokens' must be at least 64, got {self.max_tokens}.")
        if not 0 <= self.left_context < self.max_tokens:
            raise SettingError(
                f"'context.left_context' must be 0 to less than max_tokens ({self.max_tokens}), "
                f"got {self.left_context}."
            )
