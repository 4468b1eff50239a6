"""What ``erckit evaluate`` was given: told by its name, with the function that scores it and the options it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from erckit.cli.evaluating.baselines import is_baseline, is_text_classifier

if TYPE_CHECKING:
    from erckit.cli.evaluating.request import EvaluateRequest
    from erckit.evaluation.results.result import Result


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of thing that can be scored.

    Args:
        described: What the messages call it.
        refused: Options that do not go with it, fields of ``EvaluateRequest``.
        scored_by: The function that scores it, imported when it is needed.
    """

    described: str
    refused: tuple[str, ...]
    scored_by: str

    def score(self, request: EvaluateRequest) -> Result:
        """The result of the request.

        Raises:
            typer.BadParameter: An option that does not go with this kind.
        """
        request.refuse(self.described, *self.refused)
        module, _, function = self.scored_by.partition(":")
        result: Result = getattr(import_module(module), function)(request)
        return result


SUBJECTS = {
    "text_classifier": Subject(
        "a model somebody else trained",
        ("seeds", "out", "settings", "backbone"),
        "erckit.cli.evaluating.baselines:score_text_classifier",
    ),
    "baseline": Subject(
        "a baseline", ("settings", "backbone", "precision"), "erckit.cli.evaluating.baselines:score_baseline"
    ),
    "recipe": Subject(
        # Its runs are kept with all their labels.
        "a recipe; score the models that it trains (OUT/seed-1/model)",
        ("labels",),
        "erckit.cli.evaluating.recipes:score_recipe",
    ),
    "answered_recipe": Subject("a recipe", ("labels",), "erckit.cli.evaluating.answering:score_answered_recipe"),
    "model": Subject("a trained model", ("seeds", "out", "backbone"), "erckit.cli.evaluating.models:score_model"),
}


def subject_of(request: EvaluateRequest) -> Subject:
    """Kind of what the request names.

    Raises:
        typer.BadParameter: An option that goes with no name of that kind.
        SettingError: A name that was meant to be a baseline, and is none.
    """
    kind = _kind(request.name)
    if request.answers is not None:
        if kind in ("text_classifier", "baseline"):
            raise typer.BadParameter(
                "goes with an LLM system.", param_hint="--engine" if request.answers.url else "--answers"
            )
        request.refuse("generated answers", "few_shot", "forced_choice", "scorer", "seeds", "out")
    if kind != "model":
        request.refuse("this; it needs a trained model", "few_shot", "forced_choice", "scorer")
    if request.scorer != "head" and request.split == "train":
        raise typer.BadParameter(
            f"the {request.scorer} are made from the train split, so its utterances would be scored against "
            "themselves. Name another split, such as dev or test.",
            param_hint="--split",
        )
    if kind == "recipe" and request.answers is not None:
        return SUBJECTS["answered_recipe"]
    return SUBJECTS[kind]


def _kind(name: str) -> str:
    if is_text_classifier(name):
        return "text_classifier"
    if is_baseline(name):
        return "baseline"
    return "recipe" if is_recipe(name) else "model"


def is_recipe(name: str) -> bool:
    """Whether ``name`` means a recipe: a YAML file, or ``model/...`` of a model that has packaged recipes."""
    if Path(name).suffix.lower() in (".yaml", ".yml"):
        return True
    if Path(name).exists():
        return False
    from erckit.recipe.load_recipe import recipe_names

    # A mistyped recipe should be answered with the nearest recipe, not be looked for among models.
    families = {recipe.partition("/")[0] for recipe in recipe_names()}
    return "/" in name and name.partition("/")[0] in families
