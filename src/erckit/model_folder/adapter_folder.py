"""Model folders of LLM systems: the LoRA adapter alone, beside the name and checksum of the causal LM it belongs to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erckit.causal.lora import LoraSettings
from erckit.errors import LabelSetError, ModelFolderError, SettingError
from erckit.labels import LabelSet
from erckit.settings import settings_from_dict
from erckit.storage.atomic import atomic_folder
from erckit.storage.manifest import verify_manifest

if TYPE_CHECKING:
    import torch

FORMAT_VERSION = 1
WITH_OFFSETS = 2  # of a folder that has offsets, which an erckit that knows version 1 alone would leave out
ADAPTER = "adapter.safetensors"
FILES = ("config.json", "labels.json", "calibration.json", ADAPTER)


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
            "format_version": FORMAT_VERSION if self.offsets is None else WITH_OFFSETS,
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
        with atomic_folder(folder) as target:
            save_file(dict(self.tensors), target / ADAPTER, metadata={"format": "pt"})
            (target / ADAPTER).chmod(0o644)  # safetensors writes for the owner only
            _write_json(target / "config.json", config)
            _write_json(
                target / "labels.json", {"labels": list(self.label_set.labels), "neutral": self.label_set.neutral}
            )
            calibration: dict[str, Any] = {"temperature": self.temperature}
            if self.offsets is not None:
                calibration["offsets"] = dict(zip(self.label_set.labels, self.offsets, strict=True))
            _write_json(target / "calibration.json", calibration)
            for name, text in self.files.items():
                (target / name).write_text(text, encoding="utf-8")
            if card:
                (target / "README.md").write_text(card, encoding="utf-8")


def is_adapter(folder: Path) -> bool:
    """Whether a model folder holds a LoRA adapter."""
    return (folder / ADAPTER).is_file()


def read_adapter_folder(folder: Path) -> AdapterFolder:
    """Read a model folder of an LLM system; its causal LM is not loaded.

    Raises:
        ModelFolderError: Files missing or altered, or an unknown format version.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    missing = sorted(set(FILES) - set(verify_manifest(folder)))
    if missing:
        raise ModelFolderError(f"{folder}: its manifest does not name {', '.join(missing)}. Get the folder again.")
    try:
        config, labels, calibration = (json.loads((folder / n).read_text(encoding="utf-8")) for n in FILES[:3])
        if config["format_version"] not in (FORMAT_VERSION, WITH_OFFSETS):
            raise ModelFolderError(
                f"{folder}: format version {config['format_version']} is not {FORMAT_VERSION} or {WITH_OFFSETS}. "
                "Use the erckit version that wrote it."
            )
        temperature = calibration["temperature"]
        if temperature is not None and not 0 < float(temperature) < math.inf:
            raise ValueError(f"temperature {temperature}")
        label_set = LabelSet(tuple(labels["labels"]), labels["neutral"])
        offsets = calibration.get("offsets")
        if offsets is not None:
            offsets = tuple(float(offsets[label]) for label in label_set.labels)
            if not all(map(math.isfinite, offsets)):
                raise ValueError(f"offsets {offsets}")
        return AdapterFolder(
            name=str(config["name"]),
            system=str(config["system"]),
            base=str(config["base"]),
            base_sha256=str(config["base_sha256"]),
            label_set=label_set,
            lora=settings_from_dict(LoraSettings, config["lora"], "lora."),
            tensors=load_file(folder / ADAPTER),
            recipe=dict(config["recipe"]),
            temperature=temperature,
            scores=dict(config["scores"]),
            anonymous=tuple(str(name) for name in config["anonymous"]),
            files={str(name): (folder / str(name)).read_text(encoding="utf-8") for name in config["files"]},
            offsets=offsets,
        )
    except (OSError, ValueError, KeyError, TypeError, LabelSetError, SettingError, SafetensorError) as error:
        raise ModelFolderError(f"{folder}: not a model folder that can be read ({error!r}). Get it again.") from None


def check_base(folder: object, wanted: str, found: str, base: str) -> None:
    """Refuse another causal LM than the one that was adapted.

    Raises:
        ModelFolderError: The checksums differ.
    """
    if wanted != found:
        raise ModelFolderError(
            f"{folder}: was trained on another version of '{base}' (sha256 {wanted[:12]}, here {found[:12]}). "
            f"Get that version with 'erckit backbones get {base} --from DIR'."
        )


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
