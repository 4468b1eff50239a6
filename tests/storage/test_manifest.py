from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from erckit.errors import ModelFolderError
from erckit.storage.manifest import verify_manifest, write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "sub" / "w.bin").write_bytes(b"\x00\x01")
    write_manifest(folder)
    return folder


def edit(folder: Path, **files: Any) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"].update(files)
    path.write_text(json.dumps(manifest))


def test_manifest_holds_size_and_sha256_of_every_file(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["files"] == {
        "config.json": {"sha256": hashlib.sha256(b"{}").hexdigest(), "bytes": 2},
        "sub/w.bin": {"sha256": hashlib.sha256(b"\x00\x01").hexdigest(), "bytes": 2},
    }
    assert set(verify_manifest(folder)) == {"config.json", "sub/w.bin"}


def test_extra_file_is_allowed_and_not_vouched_for(folder: Path) -> None:
    (folder / "note.txt").write_text("mine")
    assert "note.txt" not in verify_manifest(folder)


def test_altered_file_is_named(folder: Path) -> None:
    (folder / "sub" / "w.bin").write_bytes(b"\x00\x02")
    with pytest.raises(ModelFolderError, match=r"sub/w\.bin"):
        verify_manifest(folder)


def test_missing_file_is_named(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(ModelFolderError, match=r"'config\.json' is missing"):
        verify_manifest(folder)


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "sub/../../x", "C:\\x", "..\\x", "", "manifest.json"])
def test_name_outside_the_folder_is_refused(folder: Path, name: str) -> None:
    edit(folder, **{name: {"sha256": "0" * 64, "bytes": 1}})
    with pytest.raises(ModelFolderError, match="not a file inside the folder"):
        verify_manifest(folder)


def test_symbolic_links_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"\x00\x01")
    (folder / "sub" / "w.bin").unlink()
    (folder / "sub" / "w.bin").symlink_to(tmp_path / "other.bin")
    with pytest.raises(ModelFolderError, match="symbolic link"):
        verify_manifest(folder)
    with pytest.raises(ModelFolderError, match="symbolic link"):
        write_manifest(folder)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"version": 1}', '{"version": 2, "files": {}}', "[" * 100_000, '{"version":1,"files":{"a":1}}']
)
def test_broken_manifest_is_refused(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    (folder / "a").write_text("")
    with pytest.raises(ModelFolderError):
        verify_manifest(folder)


def test_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="has no manifest"):
        verify_manifest(tmp_path)
