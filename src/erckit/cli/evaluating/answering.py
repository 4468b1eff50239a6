"""Opens what ``--answers generate`` and ``--engine`` name: a model folder of an LLM system, or a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from erckit.cli.evaluating.answer_options import tell_engine
from erckit.cli.evaluating.subject import is_recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from erckit.corpora.corpus import Corpus
    from erckit.labelling.answering_system import GeneratingLabeler
    from erckit.prompting.answers.answer_settings import AnswerSettings


def open_answering(
    name: str, settings: AnswerSettings, precision: str, quiet: bool, keeps_vectors: bool = False
) -> GeneratingLabeler:
    """A model folder or recipe that answers with words; a recipe's corpus gives its labels."""
    from erckit.labelling.open_generating import open_generating

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
    from erckit.labelling.open_generating import open_generating_recipe
    from erckit.recipe.recipe import load_recipe
    from erckit.recipe.recipe_corpus import recipe_corpus

    recipe = load_recipe(name, changes, corpus=corpus, backbone=backbone, mapping=map_to)
    data = recipe_corpus(recipe, source)
    found = open_generating_recipe(recipe, data, settings, precision=precision, keeps_vectors=keeps_vectors)
    tell_engine(settings, name, quiet)
    return found, data
