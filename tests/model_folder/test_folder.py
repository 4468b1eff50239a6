"""The form of all model folders: what is written is read again, and what does not fit is refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from erckit.errors import ModelFolderError
from erckit.labels import LabelSet
from erckit.model_folder.folder import Calibration, StoredFolder, read_folder, write_folder
from erckit.storage.manifest import write_manifest

LABELS = LabelSet(("joy", "anger", "neutral"), "neutral")


def _save_weights(file: Path) -> None:
    file.write_bytes(b"1")


def _written(folder: Path, calibration: Calibration) -> Path:
    stored = StoredFolder({"name": "small"}, LABELS, calibration)
    write_folder(folder, stored, "weights.bin", _save_weights)
    return folder


def test_offsets_make_format_2_and_are_read_by_label(tmp_path: Path) -> None:
    calibration = Calibration(1.5, (0.25, -0.5, 0.0))
    folder = _written(tmp_path / "model", calibration)
    assert json.loads((folder / "config.json").read_text())["format_version"] == 2
    assert read_folder(folder, "weights.bin", (1, 2)).calibration == calibration
    with pytest.raises(ModelFolderError, match="format version 2 is not 1"):
        read_folder(folder, "weights.bin")


def test_without_offsets_it_is_format_1(tmp_path: Path) -> None:
    folder = _written(tmp_path / "model", Calibration())
    stored = read_folder(folder, "weights.bin")
    assert stored.config == {"name": "small", "format_version": 1}
    assert (stored.label_set, stored.calibration) == (LABELS, Calibration())


def test_weights_that_the_manifest_does_not_name_are_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"does not name other\.bin"):
        read_folder(_written(tmp_path / "model", Calibration()), "other.bin")


@pytest.mark.parametrize("values", [{}, [], {"temperature": 0}, {"temperature": "1"}, {"temperature": float("nan")}])
def test_a_calibration_that_does_not_fit_is_refused(tmp_path: Path, values: object) -> None:
    folder = _written(tmp_path / "model", Calibration())
    (folder / "calibration.json").write_text(json.dumps(values))
    write_manifest(folder)
    with pytest.raises(ModelFolderError, match="not a model folder that can be read"):
        read_folder(folder, "weights.bin")
