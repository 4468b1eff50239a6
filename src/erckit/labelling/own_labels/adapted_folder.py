"""Folders of adapted models: a few arrays beside the name, or a copy, of the model they were made from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from erckit.errors import ModelFolderError
from erckit.labelling.find_model import bundled_models, find_model
from erckit.labelling.own_labels.scorer import Scoring, scorer_class
from erckit.model_folder.folder import Calibration, StoredFolder, read_folder, reading, write_folder
from erckit.model_folder.network_folder import PretrainedModel, load_pretrained
from erckit.storage.manifest import MANIFEST_NAME, file_sha256, read_text, verify_manifest

KIND = "adapted"
ARRAYS = "scorer.safetensors"
BASE = "base"  # folder of the copy of a model that has no name others could find it by


def is_adapted(folder: Path) -> bool:
    """Whether a model folder is one of an adapted model."""
    try:
        data = json.loads(read_text(folder / "config.json"))
    except (OSError, ValueError, RecursionError, ModelFolderError):
        return False
    return isinstance(data, dict) and data.get("kind") == KIND


def check_target(folder: Path, *bases: str | Path) -> None:
    """Refuse a folder whose replacement would delete, or sit among, what this does not write again.

    Args:
        folder: Where an adapted model is to be written. It may be new, empty, or an adapted model as it was saved.
        bases: The model that is adapted: its folder, and what the user called it.

    Raises:
        ModelFolderError: A file, a model that was trained, a folder with other or changed files, or one inside the
            model.
    """
    for base in bases:
        if Path(base).is_dir() and folder.resolve().is_relative_to(Path(base).resolve()):
            where = "the model itself" if folder.resolve() == Path(base).resolve() else f"inside the model '{base}'"
            raise ModelFolderError(f"'{folder}' is {where}. Name a new folder elsewhere.")
    if folder.exists() and not folder.is_dir():
        raise ModelFolderError(f"'{folder}' is a file. Name a folder.")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not is_adapted(folder):
        if (folder / MANIFEST_NAME).is_file():
            raise ModelFolderError(f"'{folder}' is a model that was trained; name a new folder.")
        raise ModelFolderError(f"'{folder}' holds other files. Name a new folder.")
    try:
        known = {*verify_manifest(folder), MANIFEST_NAME}
    except ModelFolderError:
        raise ModelFolderError(f"'{folder}' is an adapted model with changed files; name a new folder.") from None
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or path.is_file()}
    if other := sorted(found - known):
        raise ModelFolderError(
            f"'{folder}' is an adapted model and also holds '{other[0]}', which would be deleted. Name a new folder."
        )


def save_adapted(folder: Path, scoring: Scoring, base: str | Path, base_folder: Path, card: str) -> None:
    """Write the folder of an adapted model, whole or not at all.

    A bundled model, or one of the hub, is named, with the sha256 of its manifest. Any other is copied: a path would
    mean nothing on another machine.

    Args:
        folder: Replaced if it is an adapted model; see :func:`check_target`.
        scoring: What was learned.
        base: The model it was made from, as the user named it.
        base_folder: Where that lies.
        card: Text of the model card.

    Raises:
        ModelFolderError: The folder may not be replaced.
    """
    from safetensors.numpy import save_file

    check_target(folder, base_folder)
    scorer = scoring.scorer
    named = is_named(base)
    config = {
        "kind": KIND,
        "name": scoring.name,
        "base": {"name": str(base) if named else BASE, "manifest_sha256": file_sha256(base_folder / MANIFEST_NAME)},
        "scorer": scorer.kind,
        "values": scorer.values(),
        "settings": dict(scoring.settings),
        "scores": dict(scoring.scores),
    }
    arrays = {name: np.ascontiguousarray(values) for name, values in scorer.arrays().items()}

    def copy_base(target: Path) -> None:
        for name in () if named else (*verify_manifest(base_folder), MANIFEST_NAME):
            (target / BASE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(base_folder / name, target / BASE / name)

    write_folder(
        folder,
        StoredFolder(config, scorer.label_set, Calibration(scorer.temperature)),
        ARRAYS,
        lambda file: save_file(arrays, file),
        card=card,
        add=copy_base,
    )


def is_named(base: str | Path) -> bool:
    """Whether a model has a name by which it is found on any machine: a bundled one, or one of the hub."""
    text = str(base)
    return text in bundled_models() or not (Path(text).exists() or text.startswith((".", "/", "~")))


def load_adapted(folder: Path) -> tuple[PretrainedModel, Scoring]:
    """Read the folder of an adapted model, and the model it was made from.

    Raises:
        ModelFolderError: Files missing or altered, an unknown format version, or another base than it was made from.
        BackboneError: The backbone cannot be had.
    """
    from safetensors.numpy import load_file

    stored = read_folder(folder, ARRAYS)
    config = stored.config
    with reading(folder):
        arrays, temperature = load_file(folder / ARRAYS), stored.calibration.temperature
        scorer = scorer_class(config["scorer"]).restore(stored.label_set, temperature, arrays, config["values"])
        name, made_from = str(config["base"]["name"]), str(config["base"]["manifest_sha256"])
        scoring = Scoring(scorer, str(config["name"]), dict(config["settings"]), dict(config["scores"]))
    if name == BASE and f"{BASE}/{MANIFEST_NAME}" not in stored.names:
        raise ModelFolderError(
            f"{folder}: its manifest does not name the model it was made from. Get the folder again."
        )
    base = folder / BASE if name == BASE else find_model(name)
    here = file_sha256(base / MANIFEST_NAME)
    if here != made_from:
        raise ModelFolderError(
            f"{folder}: was made from another version of model '{name}' (sha256 of its manifest {made_from[:12]}, here "
            f"{here[:12]}). Adapt the version that is here with the same examples again."
        )
    return load_pretrained(base), scoring
