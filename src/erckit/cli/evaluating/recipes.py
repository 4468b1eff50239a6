"""What ``erckit evaluate`` does with a recipe: train it over its seeds and score what comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from erckit.cli.warn_overlap import warn_overlap

if TYPE_CHECKING:
    from erckit.cli.evaluating.request import EvaluateRequest
    from erckit.evaluation.results.result import Result


def score_recipe(request: EvaluateRequest) -> Result:
    """Train the seeds of a recipe that are not finished yet, and score all of them."""
    if request.out is None:
        raise typer.BadParameter("name the folder for the trainings of this recipe.", param_hint="--out")
    if request.precision != "auto":
        raise typer.BadParameter(
            "is for trained models. Use --set training.precision=... with a recipe.", param_hint="--precision"
        )
    from erckit.recipe.load_recipe import load_recipe
    from erckit.recipe.recipe_corpus import recipe_corpus

    recipe = load_recipe(
        request.name, request.settings, corpus=request.corpus, backbone=request.backbone, mapping=request.map_to
    )
    data = recipe_corpus(recipe, request.source)
    warn_overlap(data, request.split)
    from erckit.evaluation.run.seeds import evaluate_recipe

    seeds = [recipe.training.seed] if request.seeds is None else range(1, request.seeds + 1)
    return evaluate_recipe(
        recipe, data, request.split, seeds, request.out, draws=request.draws or 2000, quiet=request.quiet
    )
