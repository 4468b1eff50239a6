"""The form of all model folders: configuration, labels, calibration, weights, card, manifest; checked and read once."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from erckit.errors import ErckitError, ModelFolderError
from erckit.labels import LabelSet
from erckit.storage.atomic import atomic_folder
from erckit.storage.manifest import read_text, safe_name, verify_manifest

FORMAT_VERSION = 1
WITH_OFFSETS = 2  # of a folder that has offsets, which an erckit that knows version 1 alone would leave out
_MOST_HEADER_BYTES = 16 * 2**20
FILES = ("config.json", "labels.json", "calibration.json")


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is done to scores before the softmax, fitted on dev.

    Args:
        temperature: What they are divided by, more than 0; None when not calibrated.
        offsets: What is added to each label's score first of all, (L,); None for nothing.
    """

    temperature: float | None = None
    offsets: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        is_text = isinstance(self.temperature, str)  # of a file: "1" would fail at the first division
        if self.temperature is not None and (is_text or not 0 < self.temperature < math.inf):
            raise ValueError(f"temperature {self.temperature!r}")
        if self.offsets is not None and not all(map(math.isfinite, self.offsets)):
            raise ValueError(f"offsets {self.offsets}")


@dataclass(frozen=True, slots=True)
class StoredFolder:
    """What every model folder says.

    Args:
        config: ``config.json``.
        label_set: Labels in the order of the scores.
        calibration: Of the scores.
        names: The files that its manifest vouches for; empty for a folder that is yet to be written.
    """

    config: Mapping[str, Any]
    label_set: LabelSet
    calibration: Calibration
    names: frozenset[str] = frozenset()

    def text(self, folder: Path, name: str) -> str:
        """Text of one of its files.

        Raises:
            ModelFolderError: The manifest does not name it, or it is no text of that size.
        """
        if name not in self.names:
            raise ModelFolderError(f"{folder}: its manifest does not name {name!r}. Get the folder again.")
        return read_text(folder / name)


@contextmanager
def reading(folder: Path, file: str = "") -> Iterator[None]:
    """Turn whatever is wrong with a file of a model folder into one message.

    Args:
        folder: The model folder.
        file: Its file that is read in the block; empty for several.

    Raises:
        ModelFolderError: Anything in the block failed.
    """
    from safetensors import SafetensorError

    problem = f"{folder}: {file} cannot be read" if file else f"{folder}: not a model folder that can be read"
    try:
        yield
    except ModelFolderError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        raise ModelFolderError(f"{problem} ({error!r}). Get it again.") from None
    except ErckitError as error:  # its own messages are sentences
        raise ModelFolderError(f"{problem} ({error}) Get it again.") from None


def read_folder(folder: Path, weights: str, versions: Collection[int] = (FORMAT_VERSION,)) -> StoredFolder:
    """Check a model folder against its manifest and read what all kinds have.

    Args:
        folder: The model folder.
        weights: Name of its weights file, which has to be there.
        versions: Format versions of its kind.

    Raises:
        ModelFolderError: Files missing or altered, an unknown format version, or something that cannot be read.
    """
    names = frozenset(verify_manifest(folder))
    missing = sorted({*FILES, weights} - names)
    if missing:
        raise ModelFolderError(f"{folder}: its manifest does not name {', '.join(missing)}. Get the folder again.")
    with reading(folder):
        _check_header(folder / weights)
        config, labels, calibration = (json.loads(read_text(folder / name)) for name in FILES)
        if config["format_version"] not in versions:
            known = " or ".join(map(str, sorted(versions)))
            raise ModelFolderError(
                f"{folder}: format version {config['format_version']} is not {known}. "
                "Use the erckit version that wrote it."
            )
        label_set = LabelSet(tuple(labels["labels"]), labels["neutral"])
        offsets = calibration.get("offsets")
        if offsets is not None:
            offsets = tuple(float(offsets[label]) for label in label_set.labels)
        return StoredFolder(config, label_set, Calibration(calibration["temperature"], offsets), names)


def _check_header(weights: Path) -> None:
    """Refuse tensors whose list of names and shapes is longer than that of any model: it is decoded as a whole."""
    with open(weights, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
    if size > _MOST_HEADER_BYTES:
        raise ValueError(f"{weights.name} has a header of {size:,} bytes")


def write_folder(
    folder: Path,
    stored: StoredFolder,
    weights: str,
    save_weights: Callable[[Path], None],
    *,
    texts: Mapping[str, str] | None = None,
    card: str = "",
    add: Callable[[Path], None] | None = None,
) -> None:
    """Write a model folder, whole or not at all.

    Args:
        folder: Replaced if it exists.
        stored: What it says; the format version is added to its configuration.
        weights: Name of the weights file.
        save_weights: Writes that file.
        texts: Further text files by name; they stand in the folder itself.
        card: Text of the model card, README.md; empty for none.
        add: Adds further files to the folder.

    Raises:
        ModelFolderError: A name of ``texts`` leads out of the folder, or is that of another file.
    """
    for name in texts or {}:
        if len(safe_name(name, f"{folder}:").parts) > 1 or name in (*FILES, weights, "README.md"):
            raise ModelFolderError(f"{folder}: {name!r} cannot be the name of a further file. Choose another.")
    calibration: dict[str, Any] = {"temperature": stored.calibration.temperature}
    if stored.calibration.offsets is not None:
        calibration["offsets"] = dict(zip(stored.label_set.labels, stored.calibration.offsets, strict=True))
    version = FORMAT_VERSION if stored.calibration.offsets is None else WITH_OFFSETS
    with atomic_folder(folder) as target:
        save_weights(target / weights)
        (target / weights).chmod(0o644)  # safetensors writes for the owner only
        _write_json(target / "config.json", {**stored.config, "format_version": version})
        labels = {"labels": list(stored.label_set.labels), "neutral": stored.label_set.neutral}
        _write_json(target / "labels.json", labels)
        _write_json(target / "calibration.json", calibration)
        for name, text in (texts or {}).items():
            (target / name).write_text(text, encoding="utf-8")
        if card:
            (target / "README.md").write_text(card, encoding="utf-8")
        if add is not None:
            add(target)


def check_version(folder: object, what: str, trained: str, here: str, name: str) -> None:
    """Refuse another version of a backbone than a model was trained on.

    Args:
        folder: The model folder, for the message.
        what: What to call the backbone.
        trained: Checksum of the weights that it was trained on.
        here: Checksum of those that are here.
        name: Name by which the right ones are got.

    Raises:
        ModelFolderError: The checksums differ.
    """
    if trained != here:
        raise ModelFolderError(
            f"{folder}: was trained on another version of {what} (sha256 {trained[:12]}, here {here[:12]}). "
            f"Get that version with 'erckit backbones get {name} --from DIR'."
        )


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
