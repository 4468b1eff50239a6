"""Storing what training changed in few bytes: backbone differences in 8 bits, everything else in 16."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

CHANGE, SCALE = ".change", ".scale"


def compress(trained: Mapping[str, Tensor], base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Encode trained tensors relative to where they started from.

    A backbone matrix is stored as its difference from the base in 8 bits with one scale per output row; the error
    is at most 1/254 of the largest change of the row. Vectors and all other tensors are stored in 16-bit floats
    (differences for the backbone's).

    Args:
        trained: Tensors by name.
        base: Starting values of those that come from the backbone.
    """
    stored: dict[str, Tensor] = {}
    for name, tensor in trained.items():
        if name not in base:
            stored[name] = tensor.half()
            continue
        change = tensor - base[name]
        if tensor.ndim != 2:
            stored[name + CHANGE] = change.half()
            continue
        scale = change.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127  # (rows, 1)
        stored[name + CHANGE] = (change / scale).round().to(torch.int8)
        stored[name + SCALE] = scale
    return stored


def decompress(stored: Mapping[str, Tensor], base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Undo ``compress`` up to rounding; 32-bit floats."""
    trained: dict[str, Tensor] = {}
    for name, tensor in stored.items():
        if name.endswith(SCALE):
            continue
        if not name.endswith(CHANGE):
            trained[name] = tensor.float()
            continue
        plain = name.removesuffix(CHANGE)
        scale = stored.get(plain + SCALE)
        trained[plain] = base[plain] + (tensor.float() if scale is None else tensor.float() * scale)
    return trained
