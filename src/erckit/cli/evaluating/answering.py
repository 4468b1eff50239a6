"""Opens what ``--answers generate`` and ``--engine`` name: a model folder of an LLM system, or a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from erckit.cli.evaluating.answer_options import tell_engine, tell_unparsed

if TYPE_CHECKING:
    from pathlib import Path

    from erckit.cli.evaluating.request import EvaluateRequest
    from erckit.corpora.corpus import Corpus
    from erckit.evaluation.results.result import Result
    from erckit.labelling import Labeler
    from erckit.prompting.answers.answer_settings import AnswerSettings
    from erckit.recipe.recipe import Recipe


def open_answering(
    name: str, settings: AnswerSettings, precision: str, quiet: bool, keeps_vectors: bool = False
) -> Labeler:
    """A model folder or recipe that answers with words; a recipe's corpus gives its labels."""
    from erckit.cli.evaluating.subject import is_recipe
    from erckit.labelling import Labeler
    from erckit.labelling.answering_system import open_generating

    if is_recipe(name):
        from erckit.recipe.load_recipe import load_recipe

        labeler, _ = open_answering_recipe(load_recipe(name), None, settings, precision, keeps_vectors)
    else:
        labeler = Labeler(open_generating(name, settings, precision=precision, keeps_vectors=keeps_vectors))
    tell_engine(settings, name, quiet)
    return labeler


def open_answering_recipe(
    recipe: Recipe, source: Path | None, settings: AnswerSettings, precision: str, keeps_vectors: bool
) -> tuple[Labeler, Corpus]:
    """A recipe that answers with words, and its corpus; nothing is trained."""
    from erckit.labelling import Labeler
    from erckit.labelling.answering_system import open_generating_recipe
    from erckit.recipe.recipe_corpus import recipe_corpus

    corpus = recipe_corpus(recipe, source)
    system = open_generating_recipe(recipe, corpus, settings, precision=precision, keeps_vectors=keeps_vectors)
    return Labeler(system), corpus


def score_answered_recipe(request: EvaluateRequest) -> Result:
    """Score a recipe's prompts answered with words; nothing is trained."""
    from erckit.evaluation.run.evaluate import evaluate_model
    from erckit.progress import Progress
    from erckit.recipe.load_recipe import load_recipe

    assert request.answers is not None
    recipe = load_recipe(
        request.name, request.settings, corpus=request.corpus, backbone=request.backbone, mapping=request.map_to
    )
    labeler, corpus = open_answering_recipe(
        recipe, request.source, request.answers, request.precision, keeps_vectors=True
    )
    tell_engine(request.answers, request.name, request.quiet)
    with Progress(None, "Answering", quiet=request.quiet) as bar:
        result = evaluate_model(labeler, corpus, request.split, draws=request.draws or 2000, report=bar.advance)
    tell_unparsed(labeler, request.quiet)
    return result


_STYLE = "style."


def style_changes(settings: Sequence[str]) -> dict[str, Any]:
    """Settings of the prompt style by name, out of ``style.recent=0`` and the like.

    Raises:
        typer.BadParameter: Another key: what a trained model was trained with cannot be changed.
        SettingError: No "=", or no YAML after it.
    """
    if not settings:
        return {}
    from erckit.recipe.load_recipe import read_override

    changes = dict(read_override(setting) for setting in settings)
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
        SettingError: Its style has no such setting or value, or does not read it as it is set.
    """
    from erckit.models.prompts import trained_style
    from erckit.recipe.unread_settings import refuse_unread, style_settings

    if "prompts" not in labeler.about.can:
        raise typer.BadParameter(f"model '{labeler.name}' has no prompts to change.", param_hint="--set")
    other = labeler.with_style(changes)
    style = trained_style(other.settings["model"]["name"], other.settings["style"])
    refuse_unread(style_settings(style), [f"{_STYLE}{name}" for name in changes], is_new=False)
    return other
