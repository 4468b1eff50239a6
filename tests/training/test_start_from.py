"""Beginning with another model's weights: what is shared is copied, the rest is as new."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from erckit.errors import ModelFolderError, SettingError
from erckit.labels import LabelSet
from erckit.model_folder.network_folder import load_pretrained, new_model
from erckit.model_folder.tensors import trained_tensors
from erckit.training.run import Run, train
from erckit.training.start_from import start_from

pytestmark = pytest.mark.trains


@pytest.fixture
def trained(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> Path:
    return train(tiny_recipe(), tiny_corpus, tmp_path / "first", quiet=True)


def test_the_same_labels_take_the_classifier_too(trained: Path) -> None:
    old = load_pretrained(trained)
    torch.manual_seed(5)
    model, _ = new_model(old.settings, old.label_set, old.registry, old.backbone_folder)
    copied = start_from(model, old.label_set, old.backbone_sha256, trained)
    assert "classifier.weight" in copied
    theirs = trained_tensors(old.model)
    ours = trained_tensors(model)
    for name in copied:
        assert torch.equal(ours[name], theirs[name]), name
    assert any("backbone" in name for name in copied)


def test_other_labels_keep_the_new_classifier(trained: Path) -> None:
    old = load_pretrained(trained)
    labels = LabelSet(tuple(reversed(old.label_set.labels)), old.label_set.neutral)
    model, _ = new_model(old.settings, labels, old.registry, old.backbone_folder)
    before = model.classifier.weight.detach().clone()
    copied = start_from(model, labels, old.backbone_sha256, trained)
    assert torch.equal(model.classifier.weight, before)
    assert not [name for name in copied if "classifier" in name or "speakers" in name]


def test_a_training_starts_there(trained: Path, tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    recipe = tiny_recipe()
    started = replace(recipe, training=replace(recipe.training, start_from=str(trained)))
    training = Run(started, tiny_corpus, tmp_path / "second", True, 1e9)
    theirs = trained_tensors(load_pretrained(trained).model)
    ours = trained_tensors(training.learner.model)
    assert torch.equal(ours["classifier.weight"], theirs["classifier.weight"])


def test_known_speakers_are_other_people(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    for name, table in (("emonet", "encoder.speakers.weight"), ("emonet_frozen", "speaker.weight")):
        model = {"name": name, "speaker": {"form": "embedding", "min_utterances": 2}}
        old = load_pretrained(train(tiny_recipe(model), tiny_corpus, tmp_path / name, quiet=True))
        fresh, _ = new_model(old.settings, old.label_set, old.registry, old.backbone_folder)
        assert table in trained_tensors(fresh)
        assert table not in start_from(fresh, old.label_set, old.backbone_sha256, tmp_path / name / "model")


def test_another_backbone_is_refused(trained: Path) -> None:
    old = load_pretrained(trained)
    with pytest.raises(SettingError, match="another"):
        start_from(old.model, old.label_set, "0" * 64, trained)


def test_no_model_folder(trained: Path, tmp_path: Path) -> None:
    old = load_pretrained(trained)
    with pytest.raises(ModelFolderError):
        start_from(old.model, old.label_set, old.backbone_sha256, tmp_path / "nothing")
