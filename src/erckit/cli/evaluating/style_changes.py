"""``--set`` of a trained LLM model: its prompts may be changed, its weights may not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from erckit.labelling import Labeler

_STYLE = "style."


def style_changes(settings: Sequence[str]) -> dict[str, Any]:
    """Settings of the prompt style by name, out of ``style.recent=0`` and the like.

    Raises:
        typer.BadParameter: Another key: what a trained model was trained with cannot be changed.
        SettingError: No "=", or no YAML after it.
    """
    if not settings:
        return {}
    from erckit.recipe.recipe import read_override

    changes = dict(read_override(one) for one in settings)
    if others := [key for key in changes if not key.startswith(_STYLE)]:
        raise typer.BadParameter(
            f"a trained model keeps '{others[0]}'; only the prompts of an LLM model can be changed, with "
            "--set style.NAME=VALUE.",
            param_hint="--set",
        )
    return {key.removeprefix(_STYLE): value for key, value in changes.items()}


def with_style(labeler: Labeler, changes: Mapping[str, Any]) -> Labeler:
    """The model, asked with other prompts.

    Raises:
        typer.BadParameter: It is no LLM system.
        SettingError: Its style has no such setting or value.
    """
    from erckit.labelling.prompt_system import PromptLabeler

    if not isinstance(labeler, PromptLabeler):
        raise typer.BadParameter(f"model '{labeler.name}' has no prompts to change.", param_hint="--set")
    return labeler.with_style(changes)
