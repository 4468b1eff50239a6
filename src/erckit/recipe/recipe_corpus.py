"""The corpus that a recipe is trained on: loaded, mapped, and without what it leaves out."""

from __future__ import annotations

from pathlib import Path

from erckit.corpora import load_corpus
from erckit.corpora.alone import alone
from erckit.corpora.corpus import Corpus
from erckit.corpora.mixture import without_conversations
from erckit.recipe.recipe import Recipe


def recipe_corpus(recipe: Recipe, folder: Path | str | None = None) -> Corpus:
    """Load what ``corpus``, ``map``, ``leave_out`` and ``is_alone`` of a recipe name.

    Args:
        recipe: The recipe.
        folder: Where the corpus files lie; None looks in the usual places.

    Raises:
        CorpusError: No such corpus, not found, damaged, or without a conversation that is to be left out.
        LabelSetError: No such label set, or no mapping from this corpus.
    """
    corpus = load_corpus(recipe.corpus, folder, map=recipe.map)
    if recipe.leave_out:
        corpus = without_conversations(corpus, recipe.leave_out)
    return alone(corpus) if recipe.is_alone else corpus
