"""A model's encoder as a backbone of its own reads as it does inside the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from erckit.backbones.about import backbone_about
from erckit.conversation import Conversation
from erckit.encoding.encoder import ConversationEncoder, load_backbone
from erckit.encoding.vectors.text_vectors import text_vectors
from erckit.errors import ModelFolderError
from erckit.labels import LabelSet
from erckit.memory.identity import SpeakerRegistry
from erckit.model_folder.network_folder import PretrainedModel, new_model
from erckit.model_folder.tuned_backbone import write_tuned_backbone
from erckit.models.model_settings import model_settings


def test_it_reads_as_inside_the_model(
    tiny_backbone: Callable[[str], Path], tmp_path: Path, talk: Callable[..., Conversation]
) -> None:
    folder = tiny_backbone("bert")
    values = {"name": "compm", "backbone": "tiny", "speaker": {"identity": "none", "form": "none"}}
    settings = model_settings({**values, "history": {"scope": "none"}})
    registry = SpeakerRegistry.from_conversations("none", [], 2)
    model, preparation = new_model(settings, LabelSet(("a", "b")), registry, folder)
    with torch.no_grad():
        for parameter in model.encoder.backbone.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    recipe = {"name": "baseline/x"}
    pretrained = PretrainedModel(
        model.eval(), preparation, settings, LabelSet(("a", "b")), registry, folder, "", recipe, None, {}
    )
    written = write_tuned_backbone(pretrained, tmp_path / "tuned")
    texts = [u.text for u in talk(3, 6).utterances]
    expected = text_vectors(texts, folder, keep=False, quiet=True, encoder=model.encoder, checksum="tuned")
    found = text_vectors(texts, written, keep=False, quiet=True)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    plain = ConversationEncoder(load_backbone(folder)).eval()
    assert abs(found - text_vectors(texts, folder, keep=False, quiet=True, encoder=plain)).max() > 1e-3
    assert backbone_about(str(written), written) == "tiny, tuned: baseline/x"
    again = replace(pretrained, settings=replace(settings, backbone=str(written)), backbone_folder=written)
    twice = write_tuned_backbone(replace(again, recipe={"name": "second"}), tmp_path / "twice")
    assert backbone_about("twice", twice) == "tiny, tuned: baseline/x, tuned: second"
    assert backbone_about("tiny", folder) == "tiny"
    assert backbone_about("/runs/some-folder", tmp_path) == "some-folder"
    with pytest.raises(ModelFolderError, match="exists"):
        write_tuned_backbone(pretrained, written)
