"""What ``erckit evaluate`` does with names that are neither models nor recipes: ``baseline/...`` and ``hf:...``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from erckit.cli.say import say
from erckit.cli.warn_overlap import warn_overlap
from erckit.errors import SettingError, nearest
from erckit.models.baselines import BASELINES, TEXT_CLASSIFIER_PREFIX

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.evaluation.results.result import Result

_FAMILY = "baseline/"


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
    from erckit.recipe.recipe import recipe_names

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


def score_baseline(
    name: str,
    corpus: str | None,
    source: Path | None,
    map_to: str | None,
    labels: tuple[str, ...] | None,
    split: str,
    seeds: int | None,
    out: Path | None,
    draws: int,
    quiet: bool,
) -> Result:
    """Fit a baseline to a corpus and score it on a split."""
    data = _corpus(corpus, source, map_to)
    warn_overlap(data, split)
    from erckit.evaluation.run.evaluate_baseline import evaluate_baseline

    chosen = range(1, (seeds or 1) + 1)
    return evaluate_baseline(name, data, split, chosen, out, draws, lambda line: say(line, quiet), labels)


def score_text_classifier(
    name: str,
    corpus: str | None,
    source: Path | None,
    map_to: str | None,
    labels: tuple[str, ...] | None,
    split: str,
    allow_seen: bool,
    precision: str,
    draws: int,
    quiet: bool,
) -> Result:
    """Score somebody else's text-classification model on a split."""
    if map_to is not None:
        from erckit.corpora.mappings.mappings import find_target

        find_target(map_to)  # a mistyped name should be told before a model is loaded
    data = _corpus(corpus, source, None)
    warn_overlap(data, split)
    from erckit.evaluation.run.evaluate_baseline import evaluate_text_classifier
    from erckit.progress import Progress

    with Progress(None, "Scoring", quiet=quiet) as bar:
        return evaluate_text_classifier(
            name.removeprefix(TEXT_CLASSIFIER_PREFIX),
            data,
            split,
            map_to=map_to,
            labels=labels,
            allow_seen=allow_seen,
            precision=precision,
            draws=draws,
            report=bar.advance,
        )


def _corpus(name: str | None, source: Path | None, map_to: str | None) -> Corpus:
    if name is None:
        raise typer.BadParameter("name the corpus to score on; a baseline has none of its own.", param_hint="--corpus")
    from erckit.corpora import load_corpus

    return load_corpus(name, folder=source, map=map_to or "")
