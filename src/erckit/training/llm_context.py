"""What an LLM recipe's prompts are given: the demonstrations' pool drawn from train, and the rest as it says."""

from __future__ import annotations

from erckit.corpora.corpus import Corpus
from erckit.encoding.backbones import get_backbone
from erckit.prompting.context_builder import ContextBuilder
from erckit.prompting.demonstrations import DemonstrationPool
from erckit.prompting.styles import prompt_style
from erckit.training.recipe import Recipe


def llm_builder(recipe: Recipe, corpus: Corpus, quiet: bool = True) -> ContextBuilder:
    """The context builder of a recipe on a corpus.

    Args:
        recipe: Of an LLM system.
        corpus: Demonstrations are drawn from its train split alone.
        quiet: No progress.
    """
    style = prompt_style(recipe.model.name, recipe.style)
    pool = None
    if "demonstrations" in style.needs:
        settings = recipe.context.demonstrations
        pool = DemonstrationPool.from_conversations(
            corpus.split("train"),
            corpus.label_set,
            get_backbone(settings.encoder),
            per_label=settings.per_label,
            seed=recipe.training.seed,
            quiet=quiet,
        )
    history = recipe.model.history
    return ContextBuilder(
        style, corpus.label_set, recipe.context, history.scope, history.order, corpus.anonymous_speakers, pool
    )
