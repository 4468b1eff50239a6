"""Opens what ``--answers generate`` and ``--engine`` name: a model folder of an LLM system, or a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from erckit.cli.evaluating.answer_options import tell_engine
from erckit.cli.evaluating.subject import is_recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from erckit.corpora.corpus import Corpus
    from erckit.labelling import Labeler
    from erckit.labelling.answering_system import GeneratingLabeler
    from erckit.prompting.answers.answer_settings import AnswerSettings


def open_answering(
    name: str, settings: AnswerSettings, precision: str, quiet: bool, keeps_vectors: bool = False
) -> GeneratingLabeler:
    """A model folder or recipe that answers with words; a recipe's corpus gives its labels."""
    from erckit.labelling.answering_system import open_generating

    if is_recipe(name):
        return open_answering_recipe(name, settings, precision, quiet, keeps_vectors=keeps_vectors)[0]
    found = open_generating(name, settings, precision=precision, keeps_vectors=keeps_vectors)
    tell_engine(settings, name, quiet)
    return found


def open_answering_recipe(
    name: str,
    settings: AnswerSettings,
    precision: str,
    quiet: bool,
    *,
    changes: Sequence[str] = (),
    corpus: str | None = None,
    source: Path | None = None,
    map_to: str | None = None,
    backbone: str | None = None,
    keeps_vectors: bool = False,
) -> tuple[GeneratingLabeler, Corpus]:
    """A recipe that answers with words, and its corpus; nothing is trained."""
    from erckit.labelling.answering_system import open_generating_recipe
    from erckit.recipe.recipe import load_recipe
    from erckit.recipe.recipe_corpus import recipe_corpus

    recipe = load_recipe(name, changes, corpus=corpus, backbone=backbone, mapping=map_to)
    data = recipe_corpus(recipe, source)
    found = open_generating_recipe(recipe, data, settings, precision=precision, keeps_vectors=keeps_vectors)
    tell_engine(settings, name, quiet)
    return found, data


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
