"""Cost of a training, said before anything heavy starts."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from erckit.prompting.annotation.annotation_cost import AnnotationCost


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
