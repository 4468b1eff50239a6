"""Refusal of what a recipe says and nothing would read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from erckit.errors import SettingError
from erckit.models import model_class
from erckit.models.model_settings import check_settings
from erckit.models.prompts import PROMPT_STYLES, prompt_style

if TYPE_CHECKING:
    from erckit.recipe.recipe import Recipe

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
    check_settings(recipe.model)
    if recipe.is_llm:
        _check_llm(recipe)
        return
    _check_encoder(recipe)


def _check_encoder(recipe: Recipe) -> None:
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
    if not model_class(recipe.model.name).trains_head_first(recipe.model):
        for key, value in _changed("training.head_first", recipe.training.head_first):
            raise SettingError(
                f"'{key}' needs a model whose label head reads vectors of a frozen backbone; "
                f"'{recipe.model.name}' as it is set here does not, got {value!r}. Leave it out."
            )


def _check_llm(recipe: Recipe) -> None:
    dead: list[tuple[str, Any]] = []
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
