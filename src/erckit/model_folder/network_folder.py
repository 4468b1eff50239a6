"""Model folders: what training changed, beside the name and checksum of the backbone it started from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from erckit.labels import LabelSet
from erckit.memory.identity import SpeakerRegistry
from erckit.model_folder.folder import Calibration, StoredFolder, check_version, read_folder, reading, write_folder
from erckit.model_folder.reader_backbone import load_reader, reader_checksum, reader_folder
from erckit.model_folder.tensors import base_tensors, set_trained_tensors, trained_tensors, untrained_tensors
from erckit.models import model_class
from erckit.models.model_settings import model_settings, settings_values
from erckit.networks.compact import compress, decompress
from erckit.networks.network import ConversationModel
from erckit.networks.preparation import Preparation
from erckit.networks.shared_settings import ModelSettings
from erckit.settings import choose

WEIGHTS = ("full", "compact")
TENSORS = "model.safetensors"


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
        write_folder(
            folder,
            StoredFolder(config, self.label_set, Calibration(self.temperature)),
            TENSORS,
            lambda file: save_file(trained, file, metadata={"format": "pt"}),
            card=card,
        )


def new_model(
    settings: ModelSettings, label_set: LabelSet, registry: SpeakerRegistry, backbone_folder: Path
) -> tuple[ConversationModel, Preparation]:
    """An untrained model on a pretrained backbone, and its preparation."""
    own = settings.history.scope != "none" and settings.history.encoder == "own"
    model: ConversationModel = model_class(settings.name)(
        settings,
        len(label_set),
        registry.rows,
        load_reader(settings, backbone_folder),
        load_reader(settings, backbone_folder) if own else None,
    )
    return model, Preparation(settings, registry, backbone_folder, model.max_tokens, model.reads_dialogues)


def load_pretrained(folder: Path) -> PretrainedModel:
    """Read a model folder.

    Raises:
        ModelFolderError: Files missing or altered, an unknown format version, or another backbone than trained on.
        BackboneError: The backbone cannot be had.
    """
    from safetensors.torch import load_file

    stored = read_folder(folder, TENSORS)
    config = stored.config
    with reading(folder):
        settings = model_settings(config["model"], is_stored=True)
        speakers = config["speakers"]
        registry = SpeakerRegistry(
            speakers["identity"], tuple(speakers["names"]), frozenset(speakers.get("anonymous", ()))
        )
        weights, trained_on, name = str(config["weights"]), str(config["backbone_sha256"]), str(config["name"])
        recipe, scores = dict(config["recipe"]), dict(config["scores"])
        choose(weights, WEIGHTS, "weights")
    backbone_folder = reader_folder(settings)
    checksum = reader_checksum(settings, backbone_folder)
    check_version(folder, f"backbone '{settings.backbone}'", trained_on, checksum, settings.backbone)
    model, preparation = new_model(settings, stored.label_set, registry, backbone_folder)
    with reading(folder, TENSORS):
        tensors = load_file(folder / TENSORS)
        if weights == "compact":
            tensors = decompress(tensors, untrained_tensors(model))
    set_trained_tensors(model, tensors, folder)
    return PretrainedModel(
        model.eval(),
        preparation,
        settings,
        stored.label_set,
        registry,
        backbone_folder,
        checksum,
        recipe,
        stored.calibration.temperature,
        scores,
        name,
    )
