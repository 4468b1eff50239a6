"""What ``erckit evaluate`` does with names that are neither models nor recipes: ``baseline/...`` and ``hf:...``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from erckit.cli.say import say
from erckit.cli.warn_overlap import warn_overlap
from erckit.errors import SettingError, nearest
from erckit.models.baselines import BASELINES, TEXT_CLASSIFIER_PREFIX

if TYPE_CHECKING:
    from erckit.cli.evaluating.request import EvaluateRequest
    from erckit.evaluation.results.result import Result

_FAMILY = "baseline/"
_NO_CORPUS = "name the corpus to score on; a baseline has none of its own."


def is_text_classifier(name: str) -> bool:
    """Whether ``name`` means a text-classification model that somebody else trained, ``hf:FOLDER_OR_NAME``."""
    return name.startswith(TEXT_CLASSIFIER_PREFIX)


def is_baseline(name: str) -> bool:
    """Whether ``name`` means a baseline that is fitted on the spot; some ``baseline/...`` are recipes.

    Raises:
        SettingError: It was meant to be a baseline or a recipe of one, and is neither.
    """
    if name in BASELINES:
        return True
    if Path(name).exists():
        return False
    if f"{_FAMILY}{name}" in BASELINES:
        raise SettingError(f"no model or recipe '{name}'. Did you mean '{_FAMILY}{name}'?")
    if not name.startswith(_FAMILY) or Path(name).suffix in (".yaml", ".yml"):
        return False
    from erckit.recipe.load_recipe import recipe_names

    recipes = [recipe for recipe in recipe_names() if recipe.startswith(_FAMILY)]
    if name not in recipes:
        raise SettingError(f"no baseline '{name}'. {nearest(name, [*BASELINES, *recipes])}")
    return False


def refuse_to_train(name: str) -> None:
    """Tell a user who wants to train a baseline without a network what to do instead.

    Raises:
        SettingError: ``name`` is such a baseline.
    """
    if is_baseline(name):
        raise SettingError(
            f"'{name}' has nothing to train. Score it: erckit evaluate {name} --corpus emorynlp --seeds 5 --out DIR"
        )


def score_baseline(request: EvaluateRequest) -> Result:
    """Fit a baseline to a corpus and score it on a split."""
    corpus = request.load_corpus(_NO_CORPUS)
    warn_overlap(corpus, request.split)
    from erckit.evaluation.run.evaluate_baseline import evaluate_baseline

    return evaluate_baseline(
        request.name,
        corpus,
        request.split,
        range(1, (request.seeds or 1) + 1),
        request.out,
        request.draws or 2000,
        lambda line: say(line, request.quiet),
        request.labels,
    )


def score_text_classifier(request: EvaluateRequest) -> Result:
    """Score somebody else's text-classification model on a split."""
    if request.map_to is not None:
        from erckit.corpora.mappings.mappings import find_target

        find_target(request.map_to)  # a mistyped name should be told before a model is loaded
    corpus = replace(request, map_to=None).load_corpus(_NO_CORPUS)
    warn_overlap(corpus, request.split)
    from erckit.evaluation.run.evaluate_baseline import evaluate_text_classifier
    from erckit.progress import Progress

    with Progress(None, "Scoring", quiet=request.quiet) as bar:
        return evaluate_text_classifier(
            request.name.removeprefix(TEXT_CLASSIFIER_PREFIX),
            corpus,
            request.split,
            map_to=request.map_to,
            labels=request.labels,
            allow_seen=request.allow_seen,
            precision=request.precision,
            draws=request.draws or 2000,
            report=bar.advance,
        )
