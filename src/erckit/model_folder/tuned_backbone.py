"""The backbone inside a trained model, as a backbone folder of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from erckit.backbones.about import TUNED, backbone_about
from erckit.errors import ModelFolderError
from erckit.model_folder.network_folder import PretrainedModel
from erckit.storage.atomic import atomic_folder

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json")


def write_tuned_backbone(pretrained: PretrainedModel, folder: Path) -> Path:
    """Write a model's encoder, as training left it, where ``model.backbone`` of a recipe can name it.

    What one corpus taught an encoder can so be read, frozen, by a system that is trained on another.

    Args:
        pretrained: The trained model.
        folder: New folder: ``config.json``, which says what it was tuned by, ``model.safetensors`` in 32-bit floats,
            and the tokenizer.

    Raises:
        ModelFolderError: ``folder`` exists, or the model has no encoder.
    """
    from safetensors.torch import save_file

    if pretrained.settings.reader.kind == "causal_lm":
        raise ModelFolderError(
            f"model '{pretrained.name}' reads with a causal language model, which training left as it was. "
            f"Name that one as it is: '{pretrained.settings.backbone}'."
        )
    if folder.exists():
        raise ModelFolderError(f"{folder}: exists. Name a new folder, or remove this one.")
    tensors = {
        name: t.detach().float().contiguous() for name, t in pretrained.model.encoder.backbone.state_dict().items()
    }
    with atomic_folder(folder) as part:
        about = backbone_about(pretrained.settings.backbone, pretrained.backbone_folder)
        _say_tuned(part / "config.json", pretrained.backbone_folder / "config.json", about, pretrained)
        save_file(tensors, part / "model.safetensors", metadata={"format": "pt"})
        for name in TOKENIZER_FILES:
            if (pretrained.backbone_folder / name).is_file():
                shutil.copyfile(pretrained.backbone_folder / name, part / name)
    return folder


def _say_tuned(path: Path, original: Path, base: str, pretrained: PretrainedModel) -> None:
    """The backbone's own configuration, which also says what it was and what tuned it."""
    config = json.loads(original.read_text(encoding="utf-8"))
    by = pretrained.recipe.get("name") or pretrained.name
    config[TUNED] = {"base": base, "by": str(by), "corpus": str(pretrained.recipe.get("corpus") or "")}
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
