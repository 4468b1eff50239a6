"""What the training of an LLM system would cost, from its real prompts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from erckit.conversation import Conversation
from erckit.corpora.corpus import Corpus
from erckit.models.prompts import prompt_style
from erckit.prompting.annotation.annotation_cost import AnnotationCost, annotation_cost
from erckit.prompting.annotation.annotation_rows import placeholder_rows, write_rows
from erckit.prompting.annotation.biography_settings import BiographySettings
from erckit.prompting.context.context_builder import ContextBuilder
from erckit.prompting.context.context_settings import EngineSettings
from erckit.recipe.recipe import Recipe
from erckit.training.dry_run import DryRun, matmul_rate
from erckit.training.train_llm import MAIN, LlmTraining

EFFICIENCY = 0.5  # share of the matrix-product peak that LoRA training of a small LM reaches on CPU
COMPARED = 0.35  # share of all pairs of tokens that attention by tiles compares
LAYER_BYTES = 40  # bytes kept per token, layer and hidden unit for the way back, in bf16
ASKED = ("local", "endpoint")  # writers of annotations that cost something


@dataclass(frozen=True, slots=True)
class LlmDryRun(DryRun):
    """Cost of the training of an LLM system.

    Args:
        annotations: What a language model would have to write first, where nothing of it is kept yet; None for nothing.
    """

    annotations: AnnotationCost | None = None

    def lines(self) -> list[str]:
        """One line per fact."""
        told = [] if self.annotations is None else [f"annotations    {self.annotations.text()}, where none is kept"]
        return [*DryRun.lines(self), *told]


def dry_run_llm(recipe: Recipe, corpus: Corpus) -> LlmDryRun:
    """Estimate a training from its tokens and this machine's measured rate of matrix products.

    Prompts are made; the causal LM is loaded and not run. Annotations that a language model would write are not asked
    for: words of the expected length stand in their place.
    """
    cost = None
    with TemporaryDirectory() as name:
        folder = Path(name)
        if recipe.context.engine.kind in ASKED:
            corpus = _told_apart(corpus)
            cost = _annotations(recipe, corpus, folder / "annotations.jsonl")
            engine = EngineSettings("file", file=str(folder / "annotations.jsonl"))
            recipe = replace(recipe, context=replace(recipe.context, engine=engine))
        training = LlmTraining(recipe, corpus, folder / "run", True, float("inf"))
    settings, model = recipe.training, training.lm.model
    split = corpus.split("train")
    lengths = {stage: 0 for stage, _ in training.epochs}
    longest = 0
    for stage, batches in training.epochs:
        tokens = [training.tokens[stage][c] for batch in batches for c in batch]
        lengths[stage] += sum(tokens)
        longest = max([longest, *tokens])
    total, of_main = sum(lengths.values()), lengths.get(MAIN, 0)
    parameters = sum(p.numel() for p in model.parameters())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    config = model.config
    width, depth = int(config.hidden_size), int(config.num_hidden_layers)
    embedded = int(config.vocab_size) * width
    # forward, and the way back through the activations of layers with adapters; the weights themselves get no gradient
    back = min(1.0, recipe.lora.layers / depth) if recipe.lora.layers else 1.0
    dense = total * 2 * (1 + back) * (parameters - embedded)
    compared = COMPARED if training.device.type == "cpu" else 1.0
    attention = (1 + 2 * back) * total * compared * min(longest, settings.batch_tokens) * 4 * width * depth
    passes = 2 if training.builder.shows_past else 1
    dev = sum(len(c) for c in corpus.split("dev")) / max(1, sum(len(c) for c in split))
    scored = of_main * dev * passes * settings.evaluations_per_epoch * 2 * parameters
    if training.builder.shows_past and recipe.context.recent.gold_share < 1:  # the first pass, which shows less
        scored += of_main * 0.75 * 2 * (parameters - embedded)
    rate = matmul_rate(training.device, training.precision) * EFFICIENCY
    at_once: float = longest if training.device.type == "cpu" else max(longest, settings.batch_tokens)
    if settings.llm.saves_memory:  # the inputs of all layers, and one layer whole
        at_once /= depth / 2
    activations = at_once * width * depth * back * LAYER_BYTES
    weights = parameters * (2 if training.precision == "bf16" else 4) + 16 * trained
    return LlmDryRun(
        len(split),
        sum(len(c) for c in split),
        of_main // max(1, settings.epochs),
        0,
        sum(training.stage_steps.values()),
        round((weights + activations) / 1e6) + 700,  # the interpreter and its libraries
        (dense + attention + scored) / rate / 60,
        f"{training.device.type}, {training.precision}, {torch.get_num_threads()} threads",
        cost,
    )


def _annotations(recipe: Recipe, corpus: Corpus, path: Path) -> AnnotationCost | None:
    """Write placeholders for train and dev; what the real ones would cost at most, None where prompts show none."""
    history, anonymous = recipe.model.history, corpus.anonymous_speakers
    style: Any = prompt_style(recipe.model.name, recipe.style)
    builder = ContextBuilder(style, corpus.label_set, recipe.context, history.scope, history.order, anonymous)
    learnt = [fields for task, fields in style.task_needs.items() if task in recipe.training.llm.tasks]
    shows_biographies = "biographies" in style.needs.union(*learnt)
    how = builder.biography_settings(history.scope) if shows_biographies else BiographySettings()
    elements = tuple(getattr(style.settings, "elements", ()))
    train, dev = corpus.split("train"), corpus.split("dev")
    joint = [*(train if history.scope == "all" else ()), *dev]  # as dev is read
    rows = {
        (row.conversation, row.utterance): row
        for part in (joint, train)
        for row in placeholder_rows(part, how, elements, anonymous)
    }
    write_rows(path, list(rows.values()))
    asked: list[tuple[Sequence[Conversation], Sequence[str]]] = []
    if shows_biographies:
        asked += [(train, ()), (joint, ())]
    if "characteristics" in style.needs:
        asked += [([*train, *dev], elements)]
    elif "characteristics" in style.needs.union(*learnt):
        asked += [(train, elements)]
    costs = [annotation_cost(part, how, names, anonymous) for part, names in asked]
    return AnnotationCost(sum(c.requests for c in costs), sum(c.tokens for c in costs)) if costs else None


def _told_apart(corpus: Corpus) -> Corpus:
    """The corpus with other ids where two of its conversations share one: a file of annotations goes by ids."""
    ids = Counter(one.id for name in ("train", "dev") for one in corpus.split(name))
    if max(ids.values(), default=0) < 2:
        return corpus
    splits = {
        name: tuple(replace(one, id=f"{name} {i} {one.id}") for i, one in enumerate(conversations))
        for name, conversations in corpus.splits.items()
    }
    return replace(corpus, splits=splits)
