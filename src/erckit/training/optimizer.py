"""AdamW with rates by depth: the head fast, the backbone slower, lower layers slower still."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import nn

from erckit.recipe.training_settings import TrainingSettings


def parameter_groups(model: nn.Module, settings: TrainingSettings) -> list[dict[str, Any]]:
    """Groups of trainable parameters with their rates; biases and norms are not decayed.

    Backbone layer i of n gets ``backbone_rate * layer_decay ** (n - 1 - i)``, embeddings one step below layer 0;
    the speaker embedding and everything outside the encoders get ``head_rate``.
    """
    depth = 1 + max((_layer(name) for name, _ in model.named_parameters()), default=0)
    groups: dict[tuple[float, float], dict[str, Any]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if ".backbone." in f".{name}":
            rate = settings.backbone_rate * settings.layer_decay ** (depth - 1 - _layer(name))
        else:
            rate = settings.head_rate
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        group = groups.setdefault((rate, decay), {"params": [], "names": [], "lr": rate, "weight_decay": decay})
        group["params"].append(parameter)
        group["names"].append(name)
    return list(groups.values())


def make_optimizer(model: nn.Module, settings: TrainingSettings) -> torch.optim.AdamW:
    """AdamW over ``parameter_groups``, fused."""
    groups = [{k: v for k, v in group.items() if k != "names"} for group in parameter_groups(model, settings)]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6, fused=True)


def rate_factor(step: int, steps: int, warmup: int) -> float:
    """Linear warm-up over ``warmup`` steps, then linear decay to 0 at ``steps``; in [0, 1]."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return max(0.0, (steps - step) / max(1, steps - warmup))


def _layer(name: str) -> int:
    match = re.search(r"encoder\.layer\.(\d+)\.", name)
    return int(match.group(1)) if match else -1
