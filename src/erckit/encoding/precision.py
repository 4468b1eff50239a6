"""Arithmetic of matrix products: its names, what a device does best, and the context in which it runs."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from erckit.errors import SettingError, nearest

if TYPE_CHECKING:
    import torch

# torch is imported where it is needed: the command line names these without it.
PRECISIONS = ("auto", "fp32", "bf16")


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Context in which matrix products run in bf16, or nothing for ``fp32``."""
    if precision != "bf16":
        return nullcontext()
    import torch

    return torch.autocast(device.type, dtype=torch.bfloat16)


def resolve_precision(precision: str, device: torch.device) -> str:
    """``auto`` becomes bf16 where the device multiplies bf16 natively, else fp32.

    Raises:
        SettingError: Unknown precision.
    """
    if precision not in PRECISIONS:
        raise SettingError(f"unknown precision '{precision}'. {nearest(precision, PRECISIONS)}")
    if precision != "auto":
        return precision
    import torch

    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    return "bf16" if torch.ops.mkldnn._is_mkldnn_bf16_supported() and _has_bf16_products() else "fp32"


def _has_bf16_products() -> bool:
    """Whether this CPU has instructions for bf16 products; emulated ones are slower than fp32."""
    import torch.backends.cpu

    flags = torch.backends.cpu.get_cpu_capability()
    if "AVX512" not in flags:
        return False
    try:
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    except AttributeError:
        return False
