"""Model folders: what training changed, beside the name and checksum of the backbone it started from."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from erckit.backbones.get_backbone import get_backbone
from erckit.encoding.encoder import load_backbone
from erckit.errors import LabelSetError, ModelFolderError, SettingError
from erckit.labels import LabelSet
from erckit.memory.identity import SpeakerRegistry
from erckit.models import model_class
from erckit.models.model_settings import model_settings, settings_values
from erckit.networks.compact import compress, decompress
from erckit.networks.network import ConversationModel
from erckit.networks.preparation import Preparation
from erckit.networks.shared_settings import ModelSettings
from erckit.settings import choose
from erckit.storage.atomic import atomic_folder
from erckit.storage.manifest import file_sha256, verify_manifest

FORMAT_VERSION = 1
WEIGHTS = ("full", "compact")
FILES = ("config.json", "labels.json", "calibration.json", "model.safetensors")


@dataclass(frozen=True, slots=True)
class PretrainedModel:
    """A model with everything that is needed to use it.

    Args:
        model: The network.
        preparation: Turns conversations into its inputs.
        settings: The model's settings.
        label_set: Labels in the order of its scores.
        registry: Speakers it knows.
        backbone_folder: Where its backbone lies.
        backbone_sha256: Checksum of the backbone's weights.
        recipe: The recipe it was trained with, or an empty dictionary.
        temperature: What logits are divided by before the softmax, fitted on dev; None when not calibrated.
        scores: Metrics of the dev split at the chosen epoch, and the like.
        name: Its name.
    """

    model: ConversationModel
    preparation: Preparation
    settings: ModelSettings
    label_set: LabelSet
    registry: SpeakerRegistry
    backbone_folder: Path
    backbone_sha256: str
    recipe: Mapping[str, Any]
    temperature: float | None = None
    scores: Mapping[str, Any] | None = None
    name: str = "model"

    @property
    def is_causal(self) -> bool:
        """Whether no prediction can depend on a later utterance."""
        return self.model.is_causal(self.settings)

    def save_pretrained(self, folder: Path, weights: str = "full", card: str = "") -> None:
        """Write a model folder, whole or not at all.

        Args:
            folder: Replaced if it exists.
            weights: ``full`` keeps what training changed in 32-bit floats; ``compact`` keeps the backbone's changes
                in 8 bits and the rest in 16 (a quarter of the size; score it anew).
            card: Text of the model card, README.md.
        """
        from safetensors.torch import save_file

        choose(weights, WEIGHTS, "weights")
        trained = trained_tensors(self.model)
        if weights == "compact":
            trained = compress(trained, base_tensors(self.model, self.backbone_folder))
        config = {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "model": settings_values(self.settings),
            "weights": weights,
            "backbone_sha256": self.backbone_sha256,
            "speakers": {
                "identity": self.registry.identity,
                "names": list(self.registry.names),
                "anonymous": sorted(self.registry.anonymous),
            },
            "recipe": dict(self.recipe),
            "scores": dict(self.scores or {}),
        }
        labels = {"labels": list(self.label_set.labels), "neutral": self.label_set.neutral}
        with atomic_folder(folder) as target:
            save_file(trained, target / "model.safetensors", metadata={"format": "pt"})
            (target / "model.safetensors").chmod(0o644)  # safetensors writes for the owner only
            _write_json(target / "config.json", config)
            _write_json(target / "labels.json", labels)
            _write_json(target / "calibration.json", {"temperature": self.temperature})
            if card:
                (target / "README.md").write_text(card, encoding="utf-8")


def new_model(
    settings: ModelSettings, label_set: LabelSet, registry: SpeakerRegistry, backbone_folder: Path
) -> tuple[ConversationModel, Preparation]:
    """An untrained model on a pretrained backbone, and its preparation."""
    own = settings.history.scope != "none" and settings.history.encoder == "own"
    model: ConversationModel = model_class(settings.name)(
        settings,
        len(label_set),
        registry.rows,
        load_backbone(backbone_folder),
        load_backbone(backbone_folder) if own else None,
    )
    return model, Preparation(settings, registry, backbone_folder, model.encoder.max_tokens, model.reads_dialogues)


def load_pretrained(folder: Path) -> PretrainedModel:
    """Read a model folder.

    Raises:
        ModelFolderError: Files missing or altered, an unknown format version, or another backbone than trained on.
        BackboneError: The backbone cannot be had.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    missing = sorted(set(FILES) - set(verify_manifest(folder)))
    if missing:
        raise ModelFolderError(f"{folder}: its manifest does not name {', '.join(missing)}. Get the folder again.")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
        temperature = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))["temperature"]
        version = config["format_version"]
        if version != FORMAT_VERSION:
            raise ModelFolderError(
                f"{folder}: format version {version} is not {FORMAT_VERSION}. Use the erckit version that wrote it."
            )
        settings = model_settings(config["model"], is_stored=True)
        label_set = LabelSet(tuple(labels["labels"]), labels["neutral"])
        speakers = config["speakers"]
        registry = SpeakerRegistry(
            speakers["identity"], tuple(speakers["names"]), frozenset(speakers.get("anonymous", ()))
        )
        weights, wanted, name = str(config["weights"]), str(config["backbone_sha256"]), str(config["name"])
        recipe, scores = dict(config["recipe"]), dict(config["scores"])
        choose(weights, WEIGHTS, "weights")
        if temperature is not None and not 0 < float(temperature) < math.inf:
            raise ValueError(f"temperature {temperature}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, LabelSetError, SettingError) as error:
        raise ModelFolderError(f"{folder}: not a model folder that can be read ({error!r}). Get it again.") from None
    backbone_folder = get_backbone(settings.backbone)
    checksum = backbone_checksum(backbone_folder)
    if checksum != wanted:
        raise ModelFolderError(
            f"{folder}: was trained on another version of backbone '{settings.backbone}' "
            f"(sha256 {wanted[:12]}, here {checksum[:12]}). Get that version with "
            f"'erckit backbones get {settings.backbone} --from DIR'."
        )
    model, preparation = new_model(settings, label_set, registry, backbone_folder)
    try:
        tensors = load_file(folder / "model.safetensors")
        if weights == "compact":
            tensors = decompress(tensors, base_tensors(model, backbone_folder))
    except (SafetensorError, KeyError, RuntimeError) as error:
        raise ModelFolderError(f"{folder}: model.safetensors cannot be read ({error!r}). Get it again.") from None
    set_trained_tensors(model, tensors, folder)
    return PretrainedModel(
        model.eval(),
        preparation,
        settings,
        label_set,
        registry,
        backbone_folder,
        checksum,
        recipe,
        temperature,
        scores,
        name,
    )


def trained_tensors(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Copies of all trainable parameters by name."""
    return {n: p.detach().cpu().clone().contiguous() for n, p in model.named_parameters() if p.requires_grad}


def base_tensors(model: torch.nn.Module, backbone_folder: Path) -> dict[str, torch.Tensor]:
    """Where the backbone's trainable parameters started from, by the model's names."""
    base = dict(load_backbone(backbone_folder).named_parameters())
    result = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and ".backbone." in name:
            result[name] = base[name.split(".backbone.", 1)[1]].detach()
    return result


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


def backbone_checksum(folder: Path) -> str:
    """sha256 of a backbone's model.safetensors."""
    return file_sha256(folder / "model.safetensors")


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
