"""How a model is trained: what all systems have in common, and what only some read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from erckit.encoding.precision import PRECISIONS
from erckit.errors import SettingError
from erckit.read_when import only, read_when, unless
from erckit.settings import choose

LOSSES = ("labels", "lm")
# What a causal LM that is used as it is does not read; everything else is trained.
_TRAINED = only("training.llm.is_trained", True)
_IF_TRAINED = read_when(_TRAINED)
_TRIPLETS = only("training.metric.loss", "triplet")
_IF_TRIPLETS = read_when(_TRIPLETS)


@dataclass(frozen=True, slots=True)
class LlmTrainingSettings:
    """Read by LLM systems only.

    Args:
        loss: ``labels``, cross-entropy over the likelihoods of all labels, of what ``context.label_form`` says is
            scored; or ``lm``, the likelihood of the right label alone, as published: of its whole word and of the end
            of the answer, whatever is scored afterwards.
        first_task: Task of the prompt style that is learnt before emotions, such as ``speaker_identification``; empty
            for none.
        first_epochs: Epochs of it.
        extra_tasks: Tasks of the prompt style that are learnt beside emotions: name to weight of its loss.
        saves_memory: Gradient checkpointing: layers are computed again on the way back instead of kept.
        adjusts_labels: Whether numbers chosen on dev are added to the scores of the labels (``label_offsets``), when
            the epoch is chosen too.
        is_trained: Without, the causal LM is used as it is (zero-shot); only the temperature is fitted, on dev.
    """

    loss: str = field(default="labels", metadata=_IF_TRAINED)
    first_task: str = field(default="", metadata=_IF_TRAINED)
    first_epochs: int = field(default=1, metadata=read_when(_TRAINED, unless("training.llm.first_task", "")))
    extra_tasks: Mapping[str, float] = field(default_factory=dict, metadata=_IF_TRAINED)
    saves_memory: bool = field(default=False, metadata=_IF_TRAINED)
    adjusts_labels: bool = False
    is_trained: bool = True

    def __post_init__(self) -> None:
        choose(self.loss, LOSSES, "training.llm.loss")
        if self.first_epochs < 1:
            raise SettingError(f"'training.llm.first_epochs' must be at least 1, got {self.first_epochs}.")
        for task, weight in self.extra_tasks.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < math.inf:
                raise SettingError(f"'training.llm.extra_tasks.{task}' must be a weight of 0 or more, got {weight!r}.")

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks of the prompt style that are learnt."""
        first = (self.first_task,) if self.first_task else ()
        return (*first, *(name for name, weight in self.extra_tasks.items() if weight))


@dataclass(frozen=True, slots=True)
class MetricSettings:
    """A loss on the vectors that the label head reads, beside the cross-entropy.

    Args:
        loss: ``none``; ``triplet``; ``contrastive``, supervised contrastive; ``prototypes``, the same with one
            prototype per label, the mean of a queue of its latest vectors, as a further member of every batch.
        weight: Its weight beside the cross-entropy; with ``schedule: alternate`` that of its own step.
        schedule: ``joint``, the sum in every step, or ``alternate``, as published: each epoch first trains on all
            batches with the cross-entropy, then on all with this loss.
        distance: Of the triplet loss, ``euclidean`` or ``cosine``; the others compare cosines.
        margin: Of the triplet loss.
        miner: Of the triplet loss: ``all`` triplets of the batch; ``hard``, farthest positive and nearest negative
            of each anchor; ``semihard``; ``uniform``, as published: the label of the anchor and the other label are
            drawn evenly.
        triplets: Drawn from a batch by ``uniform``.
        temperature: Of the contrastive losses.
        per_label: Most utterances of one label that enter from a batch, drawn at random; 0 takes all.
        queue: Latest vectors of a label that make its prototype.
    """

    loss: str = "none"
    weight: float = 1.0
    schedule: str = "joint"
    distance: str = field(default="euclidean", metadata=_IF_TRIPLETS)
    margin: float = field(default=1.0, metadata=_IF_TRIPLETS)
    miner: str = field(default="all", metadata=_IF_TRIPLETS)
    triplets: int = field(default=1024, metadata=read_when(_TRIPLETS, only("training.metric.miner", "uniform")))
    temperature: float = field(
        default=0.1, metadata=read_when(only("training.metric.loss", "contrastive", "prototypes"))
    )
    per_label: int = 32
    queue: int = field(default=64, metadata=read_when(only("training.metric.loss", "prototypes")))

    def __post_init__(self) -> None:
        choose(self.loss, ("none", "triplet", "contrastive", "prototypes"), "training.metric.loss")
        choose(self.schedule, ("joint", "alternate"), "training.metric.schedule")
        choose(self.distance, ("euclidean", "cosine"), "training.metric.distance")
        choose(self.miner, ("all", "hard", "semihard", "uniform"), "training.metric.miner")
        for name in ("weight", "margin"):
            if not 0 <= getattr(self, name) < 1e6:
                raise SettingError(f"'training.metric.{name}' must be 0 or more, got {getattr(self, name)}.")
        if not 0 < self.temperature <= 100:
            raise SettingError(f"'training.metric.temperature' must be in (0, 100], got {self.temperature}.")
        for name, least in (("triplets", 1), ("per_label", 0), ("queue", 1)):
            if getattr(self, name) < least:
                raise SettingError(f"'training.metric.{name}' must be at least {least}, got {getattr(self, name)}.")


@dataclass(frozen=True, slots=True)
class HeadFirstSettings:
    """Training the label head alone on isolated utterances before everything else, as SentEmoContext does.

    Args:
        epochs: Passes over the drawn utterances; 0 leaves this out.
        utterances: Utterances drawn per label, such as ``{joy: 2000}``, again where a label has fewer; a label that is
            not named counts with all of its own.
        batch: Utterances of a step.
        rate: Rate of Adam.
    """

    epochs: int = 0
    utterances: Mapping[str, int] = field(default_factory=dict)
    batch: int = 16
    rate: float = 5e-4

    def __post_init__(self) -> None:
        if self.epochs < 0 or self.batch < 1 or not 0 < self.rate < 1:
            raise SettingError("'training.head_first' needs epochs of 0 or more, a batch of 1 or more, a rate below 1.")
        for label, count in self.utterances.items():
            if isinstance(count, bool) or not isinstance(count, int) or count < 1:
                raise SettingError(f"'training.head_first.utterances.{label}' must be 1 or more, got {count!r}.")


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a model is trained.

    Args:
        seed: Fixes initialisation, order and dropout; the same seed gives the same weights on CPU.
        epochs: Most passes over the training conversations.
        batch_tokens: Tokens of a batch.
        accumulate: Batches per optimiser step.
        backbone_rate: Peak rate of the top backbone layer.
        head_rate: Peak rate of everything else.
        layer_decay: Factor of the rate from one backbone layer to the next lower one.
        weight_decay: AdamW's.
        warmup: Share of all steps over which rates rise.
        clip: Largest gradient norm.
        class_weights: ``none``, ``min_count`` (published), ``inverse`` or ``sqrt_inverse``.
        weights_from: Whether class weights come from the counts of the whole ``corpus`` or of each ``batch``. With
            ``batch``, the gradient depends on how conversations are put together.
        neutral_weight: Factor of the neutral label's class weight.
        sampling: Conversations of an epoch: ``all``; or by chance, ``inverse`` or ``sqrt_inverse`` to how frequent the
            rarest label in them is.
        kept_conversations: Instead, the chance by label; a conversation counts with its likeliest, ``*`` for the rest.
        adjusts_neutral: Whether a number chosen on dev is added to the neutral logit (it moves into the head's bias).
        metric: See ``MetricSettings``.
        head_first: See ``HeadFirstSettings``; for systems whose head reads vectors of a frozen backbone.
        label_smoothing: Share of the target spread over all labels; without effect where there are teachers, and with
            ``llm.loss: lm``.
        r_drop: Weight of R-Drop's divergence between two passes; 0 saves the second pass.
        start_from: Folder of a trained model on the same backbone whose weights are taken at the start; empty for none.
        teachers: Result files of the training split whose mean scores are mixed into the targets.
        teacher_share: Their share of the target, in [0, 1].
        average: Decay of the running average of the weights that dev scores and the model folder gets; 0 for none.
        patience: Epochs without a better dev score after which training stops; 0 never stops early.
        precision: ``auto``, ``bf16`` or ``fp32``.
        evaluations_per_epoch: How often dev is scored.
        share: Share of the train split that is learnt from, in (0, 1]: whole conversations, drawn by the seed; a
            smaller share is part of a larger one.
        share_of: Of a mixture: ``total``, of all conversations together, or ``each``, of those of every corpus.
        llm: See ``LlmTrainingSettings``; LLM systems read ``backbone_rate`` as the rate of their adapters.
    """

    seed: int = 1
    epochs: int = field(default=4, metadata=_IF_TRAINED)
    batch_tokens: int = 2048
    accumulate: int = field(default=1, metadata=_IF_TRAINED)
    # Also said beside a frozen reader, where it waits for the reader to be trained.
    backbone_rate: float = field(default=1e-4, metadata=_IF_TRAINED)
    head_rate: float = 5e-4
    layer_decay: float = field(
        default=0.9, metadata=read_when(only("model.reader.kind", "backbone"), only("model.reader.is_frozen", False))
    )
    weight_decay: float = field(default=0.01, metadata=_IF_TRAINED)
    warmup: float = field(default=0.1, metadata=_IF_TRAINED)
    clip: float = field(default=1.0, metadata=_IF_TRAINED)
    class_weights: str = field(default="none", metadata=_IF_TRAINED)
    weights_from: str = field(default="corpus", metadata=read_when(unless("training.class_weights", "none")))
    neutral_weight: float = field(default=1.0, metadata=_IF_TRAINED)
    sampling: str = field(default="all", metadata=read_when(only("training.kept_conversations", {})))
    kept_conversations: Mapping[str, float] = field(default_factory=dict)
    adjusts_neutral: bool = False
    metric: MetricSettings = field(
        default_factory=MetricSettings, metadata=read_when(unless("training.metric.loss", "none"))
    )
    head_first: HeadFirstSettings = field(
        default_factory=HeadFirstSettings, metadata=read_when(unless("training.head_first.epochs", 0))
    )
    label_smoothing: float = field(
        default=0.0,
        metadata=read_when(
            _TRAINED,
            only("training.teachers", ()),
            # what is chosen from is smoothed, what is written is not
            (
                only("training.llm.loss", "labels"),
                unless("training.llm.first_task", ""),
                unless("training.llm.extra_tasks", {}),
            ),
        ),
    )
    r_drop: float = 0.0
    start_from: str = ""
    teachers: tuple[str, ...] = ()
    teacher_share: float = field(default=0.5, metadata=read_when(unless("training.teachers", ())))
    average: float = field(default=0.0, metadata=_IF_TRAINED)
    patience: int = field(default=2, metadata=_IF_TRAINED)
    precision: str = "auto"
    evaluations_per_epoch: int = field(default=1, metadata=_IF_TRAINED)
    share: float = 1.0
    share_of: str = field(default="total", metadata=read_when(unless("training.share", 1.0)))
    llm: LlmTrainingSettings = field(default_factory=LlmTrainingSettings)

    def __post_init__(self) -> None:
        choose(self.class_weights, ("none", "min_count", "inverse", "sqrt_inverse"), "training.class_weights")
        choose(self.weights_from, ("corpus", "batch"), "training.weights_from")
        choose(self.sampling, ("all", "inverse", "sqrt_inverse"), "training.sampling")
        choose(self.precision, PRECISIONS, "training.precision")
        choose(self.share_of, ("total", "each"), "training.share_of")
        if not 0 < self.share <= 1:
            raise SettingError(f"'training.share' must be in (0, 1], got {self.share}.")
        for label, chance in self.kept_conversations.items():
            if isinstance(chance, bool) or not isinstance(chance, int | float) or not 0 < chance <= 1:
                raise SettingError(f"'training.kept_conversations.{label}' must be in (0, 1], got {chance!r}.")
        for name in ("epochs", "batch_tokens", "accumulate", "evaluations_per_epoch"):
            if getattr(self, name) < 1:
                raise SettingError(f"'training.{name}' must be at least 1, got {getattr(self, name)}.")
        for name in ("label_smoothing", "warmup", "average"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingError(f"'training.{name}' must be in [0, 1), got {getattr(self, name)}.")
        for name in ("seed", "backbone_rate", "head_rate", "weight_decay", "r_drop", "patience", "neutral_weight"):
            if not 0 <= getattr(self, name) < math.inf:
                raise SettingError(f"'training.{name}' must be 0 or more, got {getattr(self, name)}.")
        for name in ("clip", "layer_decay"):
            if not 0 < getattr(self, name) < math.inf:
                raise SettingError(f"'training.{name}' must be more than 0, got {getattr(self, name)}.")
        if not 0 <= self.teacher_share <= 1:
            raise SettingError(f"'training.teacher_share' must be in [0, 1], got {self.teacher_share}.")
