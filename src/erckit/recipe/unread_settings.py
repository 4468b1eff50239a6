"""Refusal of values that take effect under another value only, where that other value is not there."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from erckit.errors import SettingError
from erckit.models.model_settings import declared_settings, default_settings
from erckit.models.old_keys import OWN
from erckit.models.prompts import prompt_style
from erckit.read_when import Setting, all_settings

if TYPE_CHECKING:
    from erckit.prompting.prompt.prompt_style import PromptStyle
    from erckit.recipe.recipe import Recipe


def refuse_unread(settings: Iterable[Setting], changed: Collection[str] = (), *, is_new: bool = True) -> None:
    """Refuse what is said and nothing reads, as another value rules it out.

    What is at its default is passed over, and so is what a change of that other value leaves behind: a part that is
    switched off keeps its settings.

    Args:
        settings: Those of a recipe, see :func:`read_settings`, or of a part of it.
        changed: Dotted keys that were given to change it.
        is_new: Whether its other values were not checked before.

    Raises:
        SettingError: The message names both keys.
    """
    settings = list(settings)
    values = {setting.key: setting.value for setting in settings}
    for setting in settings:
        unmet = () if setting.is_default else setting.unmet(values)
        is_said = is_new and not any(condition.key in changed for condition in unmet)
        if unmet and (is_said or setting.key in changed):
            now = ", ".join(f"'{c.key}' is {values[c.key]!r}" for c in unmet)
            needed = " or ".join(map(str, unmet))
            raise SettingError(
                f"'{setting.key}' is read with {needed} only, and here {now}; got {setting.value!r}. "
                "Leave it out, or change the other."
            )


def refuse_unread_change(before: Recipe, after: Recipe) -> None:
    """Refuse what a recipe was changed to say and nothing reads.

    Raises:
        SettingError: The message names both keys.
    """
    known, settings = {s.key: s.value for s in read_settings(before)}, [*read_settings(after)]
    changed = [s.key for s in settings if s.key not in known or known[s.key] != s.value]
    refuse_unread(settings, changed, is_new=False)


def read_settings(recipe: Recipe) -> Iterator[Setting]:
    """Everything that its system reads of a recipe's groups of settings."""
    declared = declared_settings(recipe.model.name)
    for setting in all_settings("model", recipe.model, default_settings(declared)):
        if setting.key != f"model.{OWN}" and declared.is_read(setting.key.removeprefix("model.")):
            yield setting
    if declared.own is not None:
        yield from all_settings(f"model.{declared.name}", recipe.model.own, declared.own())
    if recipe.is_llm:
        yield from style_settings(prompt_style(recipe.model.name, recipe.style))
    for field in dataclasses.fields(recipe):
        if field.name in ("context", "lora", "training"):
            part = getattr(recipe, field.name)
            yield from all_settings(field.name, part, type(part)(), field.metadata.get("read_when", ()))


def style_settings(style: PromptStyle) -> Iterator[Setting]:
    """Settings of a prompt style."""
    return all_settings("style", style.settings, type(style.settings)())
