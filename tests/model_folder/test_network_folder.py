"""Model folders: what is saved comes back, and what was altered does not."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from erckit.errors import BackboneError, ModelFolderError
from erckit.model_folder.network_folder import PretrainedModel, load_pretrained
from erckit.model_folder.tensors import base_tensors, trained_tensors
from erckit.networks.inference import predict_logits
from erckit.storage.manifest import write_manifest


def _logits(pretrained: PretrainedModel, corpus: Any) -> np.ndarray:
    prepared = pretrained.preparation.prepare(corpus.splits["test"])
    return predict_logits(pretrained.model, pretrained.preparation, prepared, range(len(prepared)), precision="fp32")


@pytest.fixture
def folder(trained_folder: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return Path(shutil.copytree(trained_folder, tmp_path / "model"))


def _edit(folder: Path, name: str, change: Callable[[dict], None]) -> None:
    """Change a JSON file and vouch for it anew, as a faulty writer would."""
    values = json.loads((folder / name).read_text())
    change(values)
    (folder / name).write_text(json.dumps(values))
    write_manifest(folder)


def test_full_weights_come_back_bit_for_bit(trained_folder: Path, tiny_corpus: Any, tmp_path: Path) -> None:
    first = load_pretrained(trained_folder)
    first.save_pretrained(tmp_path / "again", card="# card")
    second = load_pretrained(tmp_path / "again")
    for name, tensor in trained_tensors(first.model).items():
        assert torch.equal(tensor, trained_tensors(second.model)[name]), name
    np.testing.assert_array_equal(_logits(first, tiny_corpus), _logits(second, tiny_corpus))
    for part in ("settings", "label_set", "registry", "temperature", "recipe", "scores", "name", "backbone_sha256"):
        assert getattr(first, part) == getattr(second, part), part
    assert (tmp_path / "again" / "README.md").read_text() == "# card"
    assert not (trained_folder / "model.safetensors").samefile(tmp_path / "again" / "model.safetensors")


def test_compact_weights_are_small_and_close(trained_folder: Path, tiny_corpus: Any, tmp_path: Path) -> None:
    full = load_pretrained(trained_folder)
    full.save_pretrained(tmp_path / "compact", weights="compact")
    compact = load_pretrained(tmp_path / "compact")
    sizes = [(f / "model.safetensors").stat().st_size for f in (trained_folder, tmp_path / "compact")]
    assert sizes[1] < 0.55 * sizes[0]
    exact, rounded = trained_tensors(full.model), trained_tensors(compact.model)
    base = base_tensors(full.model, full.backbone_folder)
    for name, tensor in exact.items():
        if name in base and tensor.ndim == 2:
            change = (tensor - base[name]).abs().amax(1, keepdim=True)
            allowed = change / 254 + 1e-6  # half a step of 1/127 of the row's largest change
            assert change.max() > 0
        elif name in base:
            allowed = (tensor - base[name]).abs() * 2**-10 + 1e-6
        else:
            allowed = tensor.abs() * 2**-10 + 1e-6
        assert ((tensor - rounded[name]).abs() <= allowed).all(), name
    difference = np.abs(_logits(full, tiny_corpus) - _logits(compact, tiny_corpus)).max()
    assert 0 < difference < 0.02


def test_only_what_training_changed_is_stored(trained_folder: Path) -> None:
    names = set(load_file(trained_folder / "model.safetensors"))
    assert not any("embeddings" in name for name in names)
    assert any("encoder.layer.0" in name for name in names)
    assert "classifier.weight" in names
    assert {p.name for p in trained_folder.iterdir()} == {
        "config.json", "model.safetensors", "labels.json", "calibration.json", "README.md", "manifest.json",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "labels.json", "calibration.json"])
def test_altered_and_missing_files_are_named(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(ModelFolderError, match=name):
        load_pretrained(folder)
    (folder / name).unlink()
    with pytest.raises(ModelFolderError, match=name):
        load_pretrained(folder)
    write_manifest(folder)  # a manifest that does not know the file either
    with pytest.raises(ModelFolderError, match=name):
        load_pretrained(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(folder: Path, value: float) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["classifier.weight"][0, 0] = value
    save_file(tensors, folder / "model.safetensors")
    write_manifest(folder)
    with pytest.raises(ModelFolderError, match="not finite"):
        load_pretrained(folder)


def test_weights_of_another_shape_or_name_are_refused(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    save_file({**tensors, "classifier.bias": torch.zeros(4)}, folder / "model.safetensors")
    write_manifest(folder)
    with pytest.raises(ModelFolderError, match=r"classifier\.bias"):
        load_pretrained(folder)
    save_file({**tensors, "extra": torch.zeros(4)}, folder / "model.safetensors")
    write_manifest(folder)
    with pytest.raises(ModelFolderError, match="extra"):
        load_pretrained(folder)
    (folder / "model.safetensors").write_bytes(b"no tensors")
    write_manifest(folder)
    with pytest.raises(ModelFolderError, match=r"model\.safetensors"):
        load_pretrained(folder)


def test_another_backbone_is_refused(folder: Path, tiny_backbone: Callable[[str], Path], tmp_path: Path) -> None:
    other = Path(shutil.copytree(tiny_backbone("bert"), tmp_path / "other"))
    tensors = load_file(other / "model.safetensors")
    tensors["embeddings.LayerNorm.bias"][0] += 1e-3
    save_file(tensors, other / "model.safetensors", {"format": "pt"})
    _edit(folder, "config.json", lambda c: c["model"].update(backbone=str(other)))
    with pytest.raises(ModelFolderError, match="another version of backbone"):
        load_pretrained(folder)
    _edit(folder, "config.json", lambda c: c["model"].update(backbone=str(tmp_path / "nowhere" / "deep")))
    with pytest.raises(BackboneError):
        load_pretrained(folder)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("config.json", lambda c: c.update(format_version=99), "format version 99"),
        ("config.json", lambda c: c.pop("weights"), "weights"),
        ("config.json", lambda c: c.update(weights="tiny"), "compact"),
        ("config.json", lambda c: c.pop("recipe"), "recipe"),
        ("config.json", lambda c: c.pop("backbone_sha256"), "backbone_sha256"),
        ("config.json", lambda c: c.update(speakers=[]), "speakers|TypeError|list"),
        ("config.json", lambda c: c["model"].update(atention="full"), "Did you mean 'attention'"),
        ("labels.json", lambda c: c.update(labels=["one"]), "at least two"),
        ("labels.json", lambda c: c.pop("neutral"), "neutral"),
        ("labels.json", lambda c: c["labels"].append("Fourth"), "classifier"),
        ("calibration.json", lambda c: c.update(temperature=0), "temperature"),
        ("calibration.json", lambda c: c.update(temperature="warm"), "warm"),
        ("calibration.json", lambda c: c.clear(), "temperature"),
    ],
)
def test_folders_that_contradict_themselves_are_refused(folder: Path, name: str, change: Any, message: str) -> None:
    _edit(folder, name, change)
    with pytest.raises(ModelFolderError, match=message):
        load_pretrained(folder)


def test_json_that_is_no_table_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text("[1, 2]")
    write_manifest(folder)
    with pytest.raises(ModelFolderError, match="not a model folder"):
        load_pretrained(folder)


def test_saving_replaces_a_folder_whole(folder: Path, tiny_corpus: Any) -> None:
    (folder / "leftover.txt").write_text("x")
    pretrained = dataclasses.replace(load_pretrained(folder), temperature=2.5)
    pretrained.save_pretrained(folder)
    assert not (folder / "leftover.txt").exists()
    assert load_pretrained(folder).temperature == 2.5
    assert [p.name for p in folder.parent.iterdir()] == ["model"]
