"""What a training would cost, said before anything heavy starts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from erckit.backbones.get_backbone import get_backbone
from erckit.corpora.corpus import Corpus
from erckit.encoding.architecture import position_offset
from erckit.encoding.encoder import load_backbone
from erckit.encoding.tokens import TokenizedConversation
from erckit.memory.identity import SpeakerRegistry
from erckit.models import model_class
from erckit.networks.inference import resolve_precision
from erckit.networks.preparation import Preparation
from erckit.recipe.recipe import Recipe
from erckit.training.data import conversation_chances, epoch_batches, repeats_of, with_share

EFFICIENCY = 0.35  # share of the matrix-product peak that one-pass training reaches on CPU, see benchmarks/
TOKEN_BYTES = 34  # bytes kept per token, layer and hidden unit for the backward pass, in bf16


@dataclass(frozen=True, slots=True)
class DryRun:
    """Cost of a training.

    Args:
        conversations: In the training split.
        utterances: In the training split.
        tokens: Encoded in one epoch, or in the whole training where a frozen backbone reads them once; left context,
            (``per_utterance``) repetitions and utterances that the history encoder reads alone included; where
            epochs draw conversations by their labels, as many as are expected.
        truncated: Utterances longer than the token limit.
        steps: Optimiser steps if every epoch is run.
        memory_mb: Estimated peak of weights, optimiser, history and activations.
        minutes: Estimated time on this machine if every epoch is run, dev scoring included.
        device: Where it would run.
    """

    conversations: int
    utterances: int
    tokens: int
    truncated: int
    steps: int
    memory_mb: int
    minutes: float
    device: str

    def lines(self) -> list[str]:
        """One line per fact."""
        return [
            f"conversations  {self.conversations:,}",
            f"utterances     {self.utterances:,} ({self.truncated:,} longer than the token limit, cut)",
            f"tokens         {self.tokens:,} per epoch",
            f"steps          {self.steps:,}",
            f"memory         about {self.memory_mb:,} MB",
            f"time           about {self.minutes:.0f} minutes on {self.device}, if it does not stop early",
        ]


def dry_run(recipe: Recipe, corpus: Corpus) -> DryRun:
    """Estimate a training from its real tokens and this machine's measured rate of matrix products."""
    corpus = with_share(corpus, recipe.training.share, recipe.training.share_of, recipe.training.seed)
    if recipe.is_llm:
        from erckit.training.dry_run_llm import dry_run_llm

        return dry_run_llm(recipe, corpus)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    precision = resolve_precision(recipe.training.precision, device)
    folder = get_backbone(recipe.model.backbone)
    backbone = load_backbone(folder)
    layers = sum(p.numel() for n, p in backbone.named_parameters() if "encoder.layer." in n and p.ndim == 2)
    total = sum(p.numel() for p in backbone.parameters())
    config: Any = backbone.config
    width, depth = int(config.hidden_size), int(config.num_hidden_layers)
    split = corpus.split("train")
    speaker = recipe.model.speaker
    registry = SpeakerRegistry.from_conversations(
        speaker.identity, split, speaker.min_utterances, corpus.anonymous_speakers
    )
    limit = int(config.max_position_embeddings) - position_offset(config)
    preparation = Preparation(recipe.model, registry, folder, limit)
    prepared = preparation.prepare(split)
    repeats = repeats_of(split)
    is_read_once = model_class(recipe.model.name).keeps_vectors(recipe.model)
    chances = conversation_chances(split, corpus.label_set, recipe.training)
    # How often an epoch is expected to encode each conversation, (C,).
    met = np.asarray(repeats) if chances is None or is_read_once else np.asarray(repeats) * chances
    tokens = round(sum(n * _encoded_tokens(t, preparation) for t, n in zip(prepared.tokenized, met, strict=True)))
    encoders = 2 if preparation.reads_plain and recipe.model.history.encoder == "own" else 1
    passes = 2 if recipe.training.r_drop else 1
    epochs = range(recipe.training.epochs)
    batches = [epoch_batches(prepared, recipe.training, e, chances, repeats) for e in epochs]
    steps = sum(-(-len(b) // recipe.training.accumulate) for b in batches)
    flops = recipe.training.epochs * tokens * passes * 6 * layers
    if is_read_once:  # forward only, then small layers over the kept vectors: about 16 matrices of H x H
        flops = tokens * 2 * layers + recipe.training.epochs * prepared.utterances * passes * 6 * 16 * width**2
    rate = matmul_rate(device, precision) * EFFICIENCY
    trained = total if not recipe.model.freezes_embeddings else layers
    trained = 16 * width**2 if is_read_once else trained
    copies = 4 + (1 if recipe.training.average else 0)  # weights, gradients, two moments, average
    activations = recipe.training.batch_tokens * width * depth * TOKEN_BYTES * passes * (1 + preparation.reads_plain)
    if is_read_once:  # windows of keys and values, and the table of vectors in 16 bits
        utterances = recipe.training.batch_tokens * prepared.utterances / tokens
        activations = round(24 * utterances * recipe.model.history.window * width * passes)
        activations += 2 * prepared.utterances * width * max(1, len(recipe.model.reader.layers))
    memory = 4 * (encoders * (total + copies * trained) + prepared.utterances * width) + activations
    return DryRun(
        len(split),
        prepared.utterances,
        tokens,
        sum(t.truncated for t in prepared.tokenized),
        steps,
        round(memory / 1e6) + 500,  # the interpreter and its libraries
        flops / rate / 60 * 1.15,  # dev scoring
        f"{device.type}, {precision}, {torch.get_num_threads()} threads",
    )


def _encoded_tokens(tokenized: TokenizedConversation, preparation: Preparation) -> int:
    """Tokens that go through an encoder for one conversation, left context and repetitions included."""
    lengths = [len(block) for block in tokenized.blocks]
    context = sum(sum(lengths[segment.first : segment.end]) for segment in preparation.segments(tokenized))
    return context + (sum(len(block) for block in tokenized.plain) if preparation.reads_plain else 0)


def matmul_rate(device: torch.device, precision: str) -> float:
    """Floating-point operations per second of a square matrix product, measured for a quarter of a second."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    size = 1024
    a = torch.ones(size, size, dtype=dtype, device=device)
    (a @ a).sum().item()
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < 0.25:
        (a @ a)[0, 0].item()
        count += 1
    return 2 * size**3 * count / (time.perf_counter() - began)
