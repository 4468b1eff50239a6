"""Model folders of LLM systems: the LoRA adapter alone, beside the name and checksum of the causal LM it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erckit.causal.lora import LoraSettings
from erckit.labels import LabelSet
from erckit.model_folder.folder import (
    FORMAT_VERSION,
    WITH_OFFSETS,
    Calibration,
    StoredFolder,
    read_folder,
    reading,
    write_folder,
)
from erckit.settings import settings_from_dict

if TYPE_CHECKING:
    import torch

ADAPTER = "adapter.safetensors"


@dataclass(frozen=True, slots=True)
class AdapterFolder:
    """A trained LLM system as it lies on disk.

    Args:
        name: The model's name.
        system: Published system, a name of ``erckit.prompting.PROMPT_STYLES``.
        base: Name of the causal LM that was adapted.
        base_sha256: Checksum of its weights.
        label_set: Labels in the order of the scores.
        lora: The adapter's settings.
        tensors: The adapter's weights by name; empty where nothing was trained.
        recipe: The recipe it was trained with.
        temperature: What log-likelihoods are divided by before the softmax, fitted on dev; None without.
        scores: Dev scores, training time and the like.
        anonymous: Generic speaker names of the training corpus.
        files: Further text files, such as the pool of demonstrations, by name.
        offsets: What is added to the log-likelihood of each label first of all, chosen on dev, (L,); None for nothing.
    """

    name: str
    system: str
    base: str
    base_sha256: str
    label_set: LabelSet
    lora: LoraSettings
    tensors: Mapping[str, torch.Tensor]
    recipe: Mapping[str, Any]
    temperature: float | None
    scores: Mapping[str, Any]
    anonymous: tuple[str, ...]
    files: Mapping[str, str]
    offsets: tuple[float, ...] | None = None

    def save(self, folder: Path, card: str = "") -> None:
        """Write the folder, whole or not at all; ``folder`` is replaced if it exists."""
        from safetensors.torch import save_file

        config = {
            "format": "adapter",
            "name": self.name,
            "system": self.system,
            "base": self.base,
            "base_sha256": self.base_sha256,
            "lora": asdict(self.lora),
            "recipe": dict(self.recipe),
            "scores": dict(self.scores),
            "anonymous": list(self.anonymous),
            "files": sorted(self.files),
        }
        write_folder(
            folder,
            StoredFolder(config, self.label_set, Calibration(self.temperature, self.offsets)),
            ADAPTER,
            lambda file: save_file(dict(self.tensors), file, metadata={"format": "pt"}),
            texts=self.files,
            card=card,
        )


def is_adapter(folder: Path) -> bool:
    """Whether a model folder holds a LoRA adapter."""
    return (folder / ADAPTER).is_file()


def read_adapter_folder(folder: Path) -> AdapterFolder:
    """Read a model folder of an LLM system; its causal LM is not loaded.

    Raises:
        ModelFolderError: Files missing or altered, or an unknown format version.
    """
    from safetensors.torch import load_file

    stored = read_folder(folder, ADAPTER, (FORMAT_VERSION, WITH_OFFSETS))
    config = stored.config
    with reading(folder):
        return AdapterFolder(
            name=str(config["name"]),
            system=str(config["system"]),
            base=str(config["base"]),
            base_sha256=str(config["base_sha256"]),
            label_set=stored.label_set,
            lora=settings_from_dict(LoraSettings, config["lora"], "lora."),
            tensors=load_file(folder / ADAPTER),
            recipe=dict(config["recipe"]),
            temperature=stored.calibration.temperature,
            scores=dict(config["scores"]),
            anonymous=tuple(str(name) for name in config["anonymous"]),
            files={str(name): stored.text(folder, str(name)) for name in config["files"]},
            offsets=stored.calibration.offsets,
        )
