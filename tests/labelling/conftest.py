"""Labelers of random tiny models, whose scores depend on everything that a model can read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RANDOM_NAMES = ("Ana", "Ben")


@pytest.fixture(scope="session")
def random_folder(
    tiny_backbone: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """``random_folder(kind, **settings)``: model folder of a random model of three labels on a tiny backbone."""
    made: dict[str, Path] = {}

    def make(kind: str = "bert", **values: Any) -> Path:
        import torch

        from erckit.labels import LabelSet
        from erckit.memory.identity import SpeakerRegistry
        from erckit.model_folder.network_folder import PretrainedModel, new_model
        from erckit.models.model_settings import model_settings
        from erckit.storage.manifest import file_sha256

        key = json.dumps([kind, values], sort_keys=True)
        if key in made:
            return made[key]
        backbone = tiny_backbone(kind)
        wanted = model_settings({"backbone": str(backbone), **values})
        names = RANDOM_NAMES if wanted.speaker.identity == "global" else ()
        registry = SpeakerRegistry(wanted.speaker.identity, names, frozenset({"Waiter"}))
        labels = LabelSet(("Calm", "Cross", "Glad"), neutral="Calm")
        torch.manual_seed(5)
        model, preparation = new_model(wanted, labels, registry, backbone)
        for name, parameter in model.named_parameters():
            if "backbone" not in name and parameter.requires_grad:
                torch.nn.init.normal_(parameter, std=0.5)
        folder = tmp_path_factory.mktemp("random") / "model"
        PretrainedModel(
            model, preparation, wanted, labels, registry, backbone, file_sha256(backbone / "model.safetensors"), {}, 1.3
        ).save_pretrained(folder)
        made[key] = folder
        return folder

    return make
