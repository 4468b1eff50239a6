"""The pretrained model that a network reads with, by what its settings say: an encoder or a causal language model."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from torch import nn

from erckit.backbones.get_backbone import get_backbone
from erckit.backbones.weights_checksum import folder_sha256
from erckit.causal.causal_lm import CausalLM, causal_lm_folder, load_causal_lm
from erckit.encoding.encoder import load_backbone
from erckit.networks.causal_reader import check_layers
from erckit.networks.shared_settings import ModelSettings
from erckit.storage.manifest import file_sha256


def reader_folder(settings: ModelSettings) -> Path:
    """Folder of a model's backbone, fetched if need be.

    Raises:
        BackboneError: It cannot be had.
    """
    is_causal = settings.reader.kind == "causal_lm"
    return causal_lm_folder(settings.backbone) if is_causal else get_backbone(settings.backbone)


def load_reader(settings: ModelSettings, folder: Path) -> nn.Module | CausalLM:
    """The backbone in ``folder`` as the model takes it, in 32-bit floats.

    Raises:
        BackboneError: The folder holds another kind of model, or none that can be loaded.
        SettingError: The settings name layers that a causal language model does not have.
    """
    if settings.reader.kind != "causal_lm":
        return load_backbone(folder)
    lm = dataclasses.replace(load_causal_lm(folder), name=settings.backbone)
    check_layers(lm, settings.reader.layers)
    return lm


def reader_checksum(settings: ModelSettings, folder: Path) -> str:
    """sha256 that says which weights a backbone's folder holds."""
    return folder_sha256(folder) if settings.reader.kind == "causal_lm" else file_sha256(folder / "model.safetensors")
