"""Models that were trained on a base model in 4 bits, on a machine that has none: the base model is read whole."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from erckit.causal.lora import check_quantised
from erckit.errors import SettingError
from erckit.model_folder.adapter_folder import AdapterFolder

if TYPE_CHECKING:
    import torch

_TOLD: set[str] = set()  # model folders of which this process has told it


def without_four_bits(adapter: AdapterFolder, folder: Path, device: torch.device) -> AdapterFolder:
    """What a model folder holds, with 4-bit weights switched off where they cannot be had; one note says so.

    Its recipe then says it too (``base_weights``), so that results tell what was measured.

    Args:
        adapter: What the folder holds.
        folder: Where it was read from.
        device: Where the base model will be.
    """
    if not adapter.lora.is_quantised or not adapter.tensors:
        return adapter
    need = "a GPU"
    if device.type == "cuda":
        try:
            check_quantised()
        except SettingError:
            need = "bitsandbytes (pip install 'erckit[qlora]')"
        else:
            return adapter
    if str(folder) not in _TOLD and sys.stderr is not None:
        _TOLD.add(str(folder))
        sys.stderr.write(
            f"note: model '{adapter.name}' was trained on 4-bit weights of '{adapter.base}', which need {need}; "
            "they are read whole, and scores may differ a little.\n"
        )
    return replace(
        adapter,
        lora=replace(adapter.lora, is_quantised=False),
        recipe={**adapter.recipe, "base_weights": "whole, in training 4-bit"},
    )
