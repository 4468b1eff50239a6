"""Begin a training with the weights of another trained model."""

from __future__ import annotations

from pathlib import Path

import torch

from erckit.errors import SettingError
from erckit.labels import LabelSet
from erckit.model_folder.network_folder import load_pretrained
from erckit.model_folder.tensors import trained_tensors
from erckit.networks.network import ConversationModel


def start_from(model: ConversationModel, label_set: LabelSet, backbone_sha256: str, folder: Path) -> list[str]:
    """Copy what two models share: every trained tensor of the same name and shape.

    The classifier is copied only where both score the same labels in the same order; a speaker embedding never, as
    its rows are other people.

    Args:
        model: The new model, changed in place.
        label_set: Its labels.
        backbone_sha256: Checksum of the backbone it was built on.
        folder: Model folder to take weights from.

    Returns:
        Names of the tensors that were copied.

    Raises:
        SettingError: The other model has another backbone, or shares no tensor.
        ModelFolderError: ``folder`` is no model folder.
    """
    other = load_pretrained(folder)
    if other.backbone_sha256 != backbone_sha256:
        raise SettingError(
            f"'training.start_from: {folder}' was trained on backbone '{other.settings.backbone}', this recipe has "
            "another. Name a model of the same backbone, or set model.backbone to that one."
        )
    found = trained_tensors(other.model)
    same_labels = other.label_set == label_set
    copied = []
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            value = found.get(name)
            if value is None or value.shape != parameter.shape or not parameter.requires_grad:
                continue
            if (name.startswith(model.label_head) and not same_labels) or any(
                table in name for table in model.speaker_tables
            ):
                continue
            parameter.copy_(value)
            copied.append(name)
    if not copied:
        raise SettingError(f"'training.start_from: {folder}' shares no weights with this recipe's model.")
    return copied
