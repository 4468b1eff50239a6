"""Trained parameters of a network by name: taken out, put back, and where the backbone's started from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from erckit.encoding.encoder import load_backbone
from erckit.errors import ModelFolderError


def trained_tensors(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Copies of all trainable parameters by name."""
    return {n: p.detach().cpu().clone().contiguous() for n, p in model.named_parameters() if p.requires_grad}


def base_tensors(model: torch.nn.Module, backbone_folder: Path) -> dict[str, torch.Tensor]:
    """Where the backbone's trainable parameters started from, by the model's names."""
    trained = [name for name, p in model.named_parameters() if p.requires_grad and ".backbone." in name]
    base = dict(load_backbone(backbone_folder).named_parameters()) if trained else {}
    return {name: base[name.split(".backbone.", 1)[1]].detach() for name in trained}


def untrained_tensors(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Copies of the backbone's trainable parameters by name, of a model that was just made: where they start from."""
    return {n: p for n, p in trained_tensors(model).items() if ".backbone." in n}


def set_trained_tensors(model: torch.nn.Module, tensors: Mapping[str, torch.Tensor], source: object) -> None:
    """Put trained parameters into a model.

    Raises:
        ModelFolderError: Names or shapes differ, or a value is not finite.
    """
    wanted = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if wanted.keys() != tensors.keys():
        odd = sorted(wanted.keys() ^ tensors.keys())[:3]
        raise ModelFolderError(f"{source}: weights do not fit the settings (for instance {', '.join(odd)}).")
    with torch.no_grad():
        for name, parameter in wanted.items():
            value = tensors[name]
            if value.shape != parameter.shape or not torch.isfinite(value).all():
                raise ModelFolderError(f"{source}: weights '{name}' have another shape or are not finite.")
            parameter.copy_(value)
