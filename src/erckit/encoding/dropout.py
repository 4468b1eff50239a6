"""Dropout whose mask is cheap to draw on CPU."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def dropout(values: Tensor, probability: float) -> Tensor:
    """Zero each value with the given probability and scale the others up, as ``torch.nn.functional.dropout``.

    On CPU, drawing one float per value takes longer than the layer it follows; here 64 random bits serve eight
    values. The probability is therefore rounded to a multiple of 1/256, and the scale follows the rounded one.

    Args:
        values: Any shape, float.
        probability: In [0, 1); 0 returns ``values``.
    """
    if probability <= 0:
        return values
    if values.device.type != "cpu":
        return F.dropout(values, probability)
    dropped = min(255, max(1, round(probability * 256)))
    words = torch.empty(-(-values.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
    kept = words.view(torch.uint8)[: values.numel()].view(values.shape) >= dropped
    return values * kept.to(values.dtype).mul_(256 / (256 - dropped))
