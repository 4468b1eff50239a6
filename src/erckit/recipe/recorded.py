"""Recipes that lie in model folders, results and folders of trainings, as some version of erckit recorded them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from erckit.errors import SettingError
from erckit.models import model_class
from erckit.models.model_settings import model_settings
from erckit.models.prompts import PROMPT_STYLES
from erckit.networks.shared_settings import ModelSettings
from erckit.recipe.load_recipe import recipe_from_dict


def recorded_recipe(values: Any) -> Any:
    """A recipe's dictionary that some version of erckit recorded, as :meth:`Recipe.to_dict` would give it today.

    Keys that the version did not know yet are at their defaults. What cannot be read comes back as it is.
    """
    if not isinstance(values, Mapping):
        return values
    try:
        return recipe_from_dict(values, is_stored=True).to_dict()
    except (SettingError, TypeError):
        return values


def recorded_model(values: Mapping[str, Any]) -> ModelSettings | None:
    """Settings of the model in a recipe's dictionary that some version recorded; None where it names none known here.

    Args:
        values: What a model folder calls its recipe, or a result its ``config``.
    """
    model = values.get("model")
    if not isinstance(model, Mapping) or not model:
        return None
    try:
        return model_settings(model, is_stored=True)
    except SettingError:
        return None


@dataclass(frozen=True, slots=True)
class RecordedReading:
    """What a recorded system reads besides an utterance.

    Args:
        scope: How far back it remembers speakers or utterances, a value of ``model.history.scope``.
        order: In which order, a value of ``model.history.order``.
        is_alone: Whether nothing but the utterance itself is read.
    """

    scope: str = "none"
    order: str = "story"
    is_alone: bool = False


def recorded_reading(values: Mapping[str, Any]) -> RecordedReading:
    """What the system of a recorded recipe reads; a baseline says so in the same words.

    Args:
        values: What a model folder calls its recipe, a result its ``config``, or a baseline its settings.
    """
    if (model := recorded_model(values)) is not None:
        reads_on = model.name not in PROMPT_STYLES and model_class(model.name).reads_dialogues
        is_alone = model.attention == "isolated" and model.reader.kind != "causal_lm" and not reads_on
        return RecordedReading(model.history.scope, model.history.order, is_alone)
    said = values.get("model")
    if not isinstance(said, Mapping):
        return RecordedReading()
    history = said.get("history")
    history = history if isinstance(history, Mapping) else {}
    scope, order = str(history.get("scope") or "none"), str(history.get("order") or "story")
    return RecordedReading(scope, order, said.get("attention") == "isolated")


def may_keep_vectors(values: Mapping[str, Any]) -> bool:
    """Whether the model of a recorded recipe reads vectors of a frozen backbone, which are computed once and kept."""
    model = recorded_model(values)
    return model is not None and model.name not in PROMPT_STYLES and model_class(model.name).keeps_vectors(model)


def recorded_backbone(values: Mapping[str, Any]) -> str:
    """Backbone that a recorded recipe, or what stands for one, names; empty where it names none."""
    for place in (values.get("model"), values):
        if isinstance(place, Mapping) and isinstance(place.get("backbone"), str):
            return str(place["backbone"])
    return ""


@dataclass(frozen=True, slots=True)
class RecordedCorpus:
    """The corpus that a recorded system was trained on.

    Args:
        name: Its name; empty where nothing says it.
        map: Label set that its labels were mapped to; empty for its own.
        leave_out: Conversations that were left out.
    """

    name: str = ""
    map: str = ""
    leave_out: tuple[str, ...] = ()


def recorded_corpus(values: Mapping[str, Any]) -> RecordedCorpus:
    """Corpus of a recorded recipe, or of what stands for one."""
    name, mapping = str(values.get("corpus") or ""), str(values.get("map") or "")
    return RecordedCorpus(name, mapping, tuple(values.get("leave_out") or ()))


def recorded_seed(values: Mapping[str, Any]) -> int | None:
    """Seed of a recorded recipe; None where it says none."""
    training = values.get("training")
    seed = training.get("seed") if isinstance(training, Mapping) else None
    return int(seed) if seed is not None else None
