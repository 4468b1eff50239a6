"""Which files are brought to the disk."""

import os
from pathlib import Path

import pytest

from erckit.memory.store.sync_files import sync_files


def test_new_files_and_their_folders_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.readlink(f"/proc/self/fd/{descriptor}")))
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("no /proc to look up what is open")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.lance").write_text("1")
    (tmp_path / "two.txn").write_text("2")
    known = sync_files(tmp_path, skip=(".txn",))
    assert known == {str(tmp_path / "a" / "one.lance"), str(tmp_path / "two.txn")}
    assert sorted(synced) == [str(tmp_path / "a"), str(tmp_path / "a" / "one.lance")]
    synced.clear()
    (tmp_path / "three.lance").write_text("3")
    assert sync_files(tmp_path, known) == known | {str(tmp_path / "three.lance")}
    assert synced == [str(tmp_path / "three.lance"), str(tmp_path)]
