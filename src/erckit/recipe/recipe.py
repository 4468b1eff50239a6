"""Recipes: a YAML that names a model and a corpus and sets values. Never code."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from erckit.causal.lora import LoraSettings
from erckit.errors import SettingError, nearest
from erckit.models import MODELS, model_table
from erckit.models.prompts import PROMPT_STYLES, prompt_style
from erckit.networks.shared_settings import ModelSettings
from erckit.prompting.context.context_settings import SCOPES, ContextSettings
from erckit.recipe.training_settings import HeadFirstSettings, LlmTrainingSettings, MetricSettings
from erckit.settings import choose, settings_from_dict

# What an LLM system reads of ``model``; the rest describes an encoder and its head.
LLM_MODEL = frozenset({"model.name", "model.backbone", "model.history.scope", "model.history.order"})
# What trains an encoder's head or vectors, by key or group of keys.
ENCODER_TRAINING = (
    "head_rate", "layer_decay", "weights_from", "sampling", "kept_conversations", "adjusts_neutral", "metric",
    "head_first", "r_drop", "start_from", "teachers", "teacher_share",
)  # fmt: skip
# Groups of ``context``, and the style settings that make a style read them.
READERS = {
    "demonstrations": ("demonstrations", "related", "biography_sentences"),
    "recent": ("recent", "related"),
    "engine": ("biography", "biographies", "elements"),
}


def check_keys(recipe: Recipe) -> None:
    """Refuse values that are not at their defaults and that nothing would read.

    Args:
        recipe: An LLM system's, or an encoder's.

    Raises:
        SettingError: The message names the key.
    """
    if recipe.is_llm:
        _check_llm(recipe)
        return
    groups: tuple[tuple[str, Any], ...] = (
        ("lora", recipe.lora), ("context", recipe.context), ("training.llm", recipe.training.llm),
    )  # fmt: skip
    for group, settings in groups:
        for key, value in _changed(group, settings):
            if key != "context.removes_prior" or value:  # false is what a recipe's dictionary says of an encoder
                raise SettingError(
                    f"'{key}' is for LLM systems ({', '.join(PROMPT_STYLES)}); model '{recipe.model.name}' is none. "
                    "Leave it out."
                )


def _check_llm(recipe: Recipe) -> None:
    scope = recipe.model.history.scope
    if scope not in SCOPES:
        raise SettingError(f"'model.history.scope' of an LLM system is {', '.join(SCOPES[:-1])} or all, got '{scope}'.")
    dead = [(key, value) for key, value in _changed("model", recipe.model) if key not in LLM_MODEL]
    for name in ENCODER_TRAINING:
        dead += [(k, v) for k, v in _changed("training", recipe.training) if f"{k}.".startswith(f"training.{name}.")]
    for key, value in dead:
        raise SettingError(f"'{key}' is not for LLM systems, got {value!r}. Leave it out.")
    _check_shown(recipe)
    known = {field.name for field in dataclasses.fields(prompt_style(recipe.model.name).settings_class)}
    for group, readers in READERS.items():
        if known.isdisjoint(readers):
            for key, value in _changed(f"context.{group}", getattr(recipe.context, group)):
                raise SettingError(f"'{key}': '{recipe.model.name}' shows nothing of it, got {value!r}. Leave it out.")


def _check_shown(recipe: Recipe) -> None:
    """Refuse what would leave a style without what makes it that style."""
    style, llm = prompt_style(recipe.model.name, recipe.style), recipe.training.llm
    if recipe.model.history.scope == "none" and (past := style.needs & {"biographies", "recent", "related"}):
        raise SettingError(
            f"'model.history.scope: none' leaves no past of which '{recipe.model.name}' could show {_listed(past)}. "
            "Set model.history.scope=conversation, or switch these off in 'style'."
        )
    if "demonstrations" not in style.needs and recipe.context.demonstrations.how != "label_blind":
        raise SettingError(
            f"'context.demonstrations.how={recipe.context.demonstrations.how}' needs demonstrations, and the prompt "
            "shows none. Set style.demonstrations=1."
        )
    learnt = [task for task in style.task_needs if llm.is_trained and task in llm.tasks]
    if style.task_needs and not style.needs and not learnt:
        task = next(iter(style.task_needs))
        why = "" if llm.is_trained else ", and nothing is learnt here"
        raise SettingError(
            f"'{recipe.model.name}' would be a plain prompt: its characteristics are not shown{why}. Set "
            f"training.llm.first_task={task} to learn them, or show them (style.in_prompt=true for laerc_s, "
            "style.commonsense=prompt for ckerc)."
        )


def _listed(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))


def _changed(group: str, settings: Any) -> Iterator[tuple[str, Any]]:
    """Dotted key and value of everything in a group of settings that is not at its default."""
    default = type(settings)()
    for setting in dataclasses.fields(settings):
        key, value = f"{group}.{setting.name}", getattr(settings, setting.name)
        if dataclasses.is_dataclass(value):
            yield from _changed(key, value)
        elif value != getattr(default, setting.name):
            yield key, value


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
        head_first: See ``HeadFirstSettings``; for ``sentemo`` with a frozen backbone.
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
    epochs: int = 4
    batch_tokens: int = 2048
    accumulate: int = 1
    backbone_rate: float = 1e-4
    head_rate: float = 5e-4
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup: float = 0.1
    clip: float = 1.0
    class_weights: str = "none"
    weights_from: str = "corpus"
    neutral_weight: float = 1.0
    sampling: str = "all"
    kept_conversations: Mapping[str, float] = field(default_factory=dict)
    adjusts_neutral: bool = False
    metric: MetricSettings = field(default_factory=MetricSettings)
    head_first: HeadFirstSettings = field(default_factory=HeadFirstSettings)
    label_smoothing: float = 0.0
    r_drop: float = 0.0
    start_from: str = ""
    teachers: tuple[str, ...] = ()
    teacher_share: float = 0.5
    average: float = 0.0
    patience: int = 2
    precision: str = "auto"
    evaluations_per_epoch: int = 1
    share: float = 1.0
    share_of: str = "total"
    llm: LlmTrainingSettings = field(default_factory=LlmTrainingSettings)

    def __post_init__(self) -> None:
        choose(self.class_weights, ("none", "min_count", "inverse", "sqrt_inverse"), "training.class_weights")
        choose(self.weights_from, ("corpus", "batch"), "training.weights_from")
        choose(self.sampling, ("all", "inverse", "sqrt_inverse"), "training.sampling")
        choose(self.precision, ("auto", "bf16", "fp32"), "training.precision")
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


@dataclass(frozen=True, slots=True)
class Recipe:
    """A model, a corpus and the values to train one on the other.

    Args:
        name: Short name, such as ``emonet/emorynlp``.
        corpus: Name of the corpus.
        map: Label set or mapping file its labels are mapped to before training; empty for its own labels; ``apart``
            for each part of a mixture with its own.
        leave_out: Conversations of the corpus that are neither learnt from nor scored, by id; for instance those that
            another corpus shares. Forgotten where ``corpus`` is replaced.
        is_alone: Whether every labelled utterance is a conversation of its own.
        model: See ``ModelSettings``.
        style: Settings of an LLM system's prompts, by key of its style in ``erckit.prompting``.
        context: What its prompts are given besides the conversation, see ``ContextSettings``.
        lora: Its adapters, see ``LoraSettings``.
        training: See ``TrainingSettings``.
    """

    name: str = "recipe"
    corpus: str = "emorynlp"
    map: str = ""
    leave_out: tuple[str, ...] = ()
    is_alone: bool = False
    model: ModelSettings = field(default_factory=ModelSettings)
    style: Mapping[str, Any] = field(default_factory=dict)
    context: ContextSettings = field(default_factory=ContextSettings)
    lora: LoraSettings = field(default_factory=LoraSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        if self.is_llm:
            prompt_style(self.model.name, self.style)
        elif self.model.name not in MODELS and self.model.name not in model_table():
            known = (*model_table(), *PROMPT_STYLES)
            raise SettingError(f"unknown model '{self.model.name}'. {nearest(self.model.name, known)}")
        elif self.style:
            raise SettingError(
                f"'style' is for LLM systems ({', '.join(PROMPT_STYLES)}); model '{self.model.name}' is none. Leave "
                "it out."
            )
        check_keys(self)

    @property
    def is_llm(self) -> bool:
        """Whether the model is a causal LM that reads prompts."""
        return self.model.name in PROMPT_STYLES

    @property
    def removes_prior(self) -> bool:
        """Whether the label prior is taken off: as the recipe says, else where nothing is trained."""
        said = self.context.removes_prior
        return not self.training.llm.is_trained if said is None else said

    def to_dict(self) -> dict[str, Any]:
        """Plain nested dictionary, as it would stand in YAML with nothing left open."""
        values = dataclasses.asdict(self)
        values["context"]["removes_prior"] = self.removes_prior
        if self.is_llm:  # with the wording, which a trained model keeps
            values["style"] = dataclasses.asdict(prompt_style(self.model.name, self.style).settings)
        return values


def recipe_folders() -> list[Path]:
    """Where short recipe names are looked up: the installed package, or the repository's ``recipes``."""
    package = Path(__file__).resolve().parents[1]
    return [folder for folder in (package / "recipes", package.parents[1] / "recipes") if folder.is_dir()]


def recipe_names() -> list[str]:
    """Short names of all recipes at hand; ablations, which stand beside them, are none."""
    return _names(is_wanted_ablation=False)


def ablation_names() -> list[str]:
    """Short names of all ablations at hand."""
    return _names(is_wanted_ablation=True)


def is_ablation(path: Path) -> bool:
    """Whether a YAML file is an ablation: one of its keys is ``rows``, which no recipe has."""
    # Looked for in the text, as listing names should not have to parse every file.
    try:
        return any(line.startswith(b"rows:") for line in path.read_bytes().splitlines())
    except OSError:
        return False


def _names(is_wanted_ablation: bool) -> list[str]:
    files = {
        str(p.relative_to(folder).with_suffix("")): p for folder in recipe_folders() for p in folder.rglob("*.yaml")
    }
    return sorted(name for name, path in files.items() if is_ablation(path) == is_wanted_ablation)


def load_recipe(
    name: str | Path,
    overrides: Sequence[str] = (),
    *,
    corpus: str | None = None,
    backbone: str | None = None,
    seed: int | None = None,
    mapping: str | None = None,
) -> Recipe:
    """Read a recipe and change values.

    Args:
        name: Path of a YAML file, or a short name such as ``emonet/emorynlp``.
        overrides: ``dotted.key=value``, the value read as YAML.
        corpus: Replaces ``corpus``.
        backbone: Replaces ``model.backbone``.
        seed: Replaces ``training.seed``.
        mapping: Replaces ``map``.

    Raises:
        SettingError: No such recipe, broken YAML, an unknown key or a value that does not fit.
    """
    import yaml

    path = _find(name)
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: not a readable recipe ({' '.join(str(error).split())}). Mend the YAML.") from None
    if not isinstance(values, dict):
        raise SettingError(f"{path}: a recipe holds keys and values, got {type(values).__name__}.")
    if "rows" in values:
        raise SettingError(f"{path}: an ablation, not a recipe. Run it with 'erckit ablate {name}'.")
    values.setdefault("name", path.stem if path.parent.name == "" else f"{path.parent.name}/{path.stem}")
    for override in overrides:
        _put(values, *read_override(override))
    for key, given in (
        ("corpus", corpus),
        ("map", mapping),
        ("model.backbone", backbone),
        ("training.seed", seed),
    ):
        if given is not None:
            _put(values, key, given)
    if corpus is not None:
        values.pop("leave_out", None)  # ids of the corpus that it replaced
    try:
        return settings_from_dict(Recipe, values)
    except SettingError as error:
        raise SettingError(f"{path}: {error}" if not overrides else f"{path} with --set: {error}") from None


def read_override(override: str) -> tuple[str, Any]:
    """Key and value of ``dotted.key=value``, the value read as YAML.

    Raises:
        SettingError: No "=", or a value that is not YAML.
    """
    import yaml

    key, equals, text = override.partition("=")
    if not equals:
        raise SettingError(f"'--set {override}' has no '='. Write --set training.epochs=3.")
    try:
        return key.strip(), yaml.safe_load(text)
    except yaml.YAMLError:
        raise SettingError(f"'--set {override}': the value is not YAML. Quote it.") from None


def change_recipe(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The same recipe with some values changed.

    Args:
        recipe: Left as it is.
        changes: Dotted key, such as ``training.epochs``, to value.

    Raises:
        SettingError: An unknown key or a value that does not fit.
    """
    values = dataclasses.asdict(recipe)
    for key, value in changes.items():
        _put(values, key, value)
    return settings_from_dict(Recipe, values)


def _find(name: str | Path) -> Path:
    path = Path(name)
    if path.is_file():
        return path
    for folder in recipe_folders():
        candidate = folder / f"{name}.yaml"
        if candidate.is_file():
            return candidate
    raise SettingError(f"no recipe '{name}': neither a file nor a name. {nearest(str(name), recipe_names())}")


def _put(values: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        child = values.setdefault(parent, {})
        if not isinstance(child, Mapping):
            raise SettingError(f"'{dotted}': '{parent}' is a value, not a group of keys.")
        values = child  # type: ignore[assignment]
    values[last] = value
