from __future__ import annotations

import dataclasses

import pytest

from erckit.corpora.find_layout import find_layout
from erckit.corpora.load_corpus import corpus_source
from erckit.recipe.recipe import Recipe
from erckit.recipe.recipe_corpus import recipe_corpus


@pytest.mark.corpora
def test_a_reader_learns_from_lone_utterances_of_two_corpora_with_their_own_labels():
    if any(find_layout(corpus_source(name)) is None for name in ("emorynlp", "emorynlp_aligned")):
        pytest.skip("EmoryNLP is not on this machine")
    recipe = Recipe(corpus="emorynlp+emorynlp_aligned", map="apart", is_alone=True)
    whole = recipe_corpus(dataclasses.replace(recipe, is_alone=False))
    found = recipe_corpus(recipe)
    assert {len(c.utterances) for c in found.splits["train"]} == {1}
    assert len(found.splits["train"]) == sum(len(c.utterances) for c in whole.splits["train"])
    assert {u.label.partition("/")[0] for c in found.splits["train"] for u in c.utterances} == {
        "emorynlp",
        "emorynlp_aligned",
    }
    kept = recipe_corpus(dataclasses.replace(recipe, leave_out=(whole.splits["dev"][0].id,)))
    assert len(kept.splits["dev"]) == len(found.splits["dev"]) - len(whole.splits["dev"][0].utterances)
