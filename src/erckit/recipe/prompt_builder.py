"""What an LLM recipe's prompts are given: the demonstrations' pool drawn from train, and the rest as it says."""

from __future__ import annotations

from dataclasses import replace

from erckit.backbones.get_backbone import get_backbone
from erckit.corpora.corpus import Corpus
from erckit.models.prompts import prompt_style
from erckit.prompting.context.context_builder import ContextBuilder
from erckit.prompting.context.demonstrations import DemonstrationPool
from erckit.prompting.context.example_pool import ExamplePool
from erckit.recipe.recipe import Recipe


def llm_builder(recipe: Recipe, corpus: Corpus, quiet: bool = True) -> ContextBuilder:
    """The context builder of a recipe on a corpus.

    Args:
        recipe: Of an LLM system.
        corpus: Demonstrations and examples are drawn from its train split alone.
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
    wanted, examples = recipe.context.examples, None
    if wanted.count:
        examples = ExamplePool.from_conversations(corpus.split("train"), corpus.label_set, wanted.count, wanted.seed)
    history = recipe.model.history
    context = replace(recipe.context, removes_prior=recipe.removes_prior)
    return ContextBuilder(
        style, corpus.label_set, context, history.scope, history.order, corpus.anonymous_speakers, pool, examples
    )
