"""Running average of the trained weights: less noise at the end than the last step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """Exponential average of all trainable parameters.

    Args:
        model: Its parameters are averaged after every step.
        decay: Weight of the old average, in [0, 1); 0 keeps no average. Early on a lower decay is used, so that the
            start does not linger.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._parameters = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self._decay = decay
        self._steps = 0
        self.tensors = {n: p.detach().clone() for n, p in self._parameters.items()} if decay else {}

    @torch.no_grad()
    def update(self) -> None:
        """Take in the present weights."""
        if not self._decay:
            return
        self._steps += 1
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        torch._foreach_lerp_(list(self.tensors.values()), [p.data for p in self._parameters.values()], 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within the block the model carries the averaged weights."""
        if not self._decay:
            yield
            return
        kept = {n: p.detach().clone() for n, p in self._parameters.items()}
        self._put(self.tensors)
        try:
            yield
        finally:
            self._put(kept)

    def state(self) -> int:
        """Steps taken in."""
        return self._steps

    def restore(self, steps: int, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a checkpoint."""
        self._steps = steps
        for name, tensor in self.tensors.items():
            tensor.copy_(tensors[name])

    @torch.no_grad()
    def _put(self, tensors: Mapping[str, Tensor]) -> None:
        for name, parameter in self._parameters.items():
            parameter.copy_(tensors[name])
