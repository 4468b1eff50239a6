"""What the training of an LLM system would cost, from its real prompts."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from erckit.corpora.corpus import Corpus
from erckit.training.dry_run import DryRun, matmul_rate
from erckit.training.recipe import Recipe
from erckit.training.train_llm import MAIN, LlmTraining

EFFICIENCY = 0.3  # share of the matrix-product peak that LoRA training of a small LM reaches on CPU
LAYER_BYTES = 40  # bytes kept per token, layer and hidden unit for the way back, in bf16


def dry_run_llm(recipe: Recipe, corpus: Corpus) -> DryRun:
    """Estimate a training from its tokens and this machine's measured rate of matrix products.

    Prompts are made, and annotations where the recipe asks for them; the causal LM is loaded and not run.
    """
    with TemporaryDirectory() as folder:
        training = LlmTraining(recipe, corpus, Path(folder), True, float("inf"))
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
    # forward and the way back through the activations; the weights themselves get no gradient
    dense = total * 4 * (parameters - embedded)
    attention = 3 * total * min(longest, settings.batch_tokens) * 4 * width * depth
    passes = 2 if training.builder.shows_past else 1
    dev = sum(len(c) for c in corpus.split("dev")) / max(1, sum(len(c) for c in split))
    scored = of_main * dev * passes * settings.evaluations_per_epoch * 2 * parameters
    if training.builder.shows_past and recipe.context.recent.gold_share < 1:  # the first pass, which shows less
        scored += of_main * 0.75 * 2 * (parameters - embedded)
    rate = matmul_rate(training.device, training.precision) * EFFICIENCY
    at_once: float = longest if training.device.type == "cpu" else max(longest, settings.batch_tokens)
    if settings.llm.saves_memory:  # the inputs of all layers, and one layer whole
        at_once /= depth / 2
    activations = at_once * width * depth * LAYER_BYTES
    weights = parameters * (2 if training.precision == "bf16" else 4) + 16 * trained
    return DryRun(
        len(split),
        sum(len(c) for c in split),
        of_main // max(1, settings.epochs),
        0,
        sum(training.stage_steps.values()),
        round((weights + activations) / 1e6) + 700,  # the interpreter and its libraries
        (dense + attention + scored) / rate / 60,
        f"{training.device.type}, {training.precision}, {torch.get_num_threads()} threads",
    )
