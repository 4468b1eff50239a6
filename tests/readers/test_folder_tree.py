from __future__ import annotations

from pathlib import Path

import pytest

from erckit.errors import FormatError
from erckit.readers import read_conversations
from erckit.readers.folder_tree import FolderTree, ReadLimits, read_bounded


def test_files_below_without_links_and_hidden_ones(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("x")
    folder = tmp_path / "export"
    (folder / "b").mkdir(parents=True)
    (folder / ".git").mkdir()
    for name in ("b/2.txt", "a.txt", ".hidden", ".git/x"):
        (folder / name).write_text(name)
    (folder / "link.txt").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path, target_is_directory=True)
    tree = FolderTree(folder, ReadLimits())
    assert tree.names == ("a.txt", "b/2.txt")
    assert tree.read("b/2.txt") == b"b/2.txt"


def test_bounds(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(b"x" * 10)
    with pytest.raises(FormatError, match="more than 2 files"):
        FolderTree(tmp_path, ReadLimits(files=2))
    tree = FolderTree(tmp_path, ReadLimits(total_bytes=15))
    tree.read("a")
    with pytest.raises(FormatError, match="holds more than 15 bytes"):
        tree.read("b")
    assert read_bounded(tmp_path / "a", 10) == b"x" * 10
    with pytest.raises(FormatError, match="has more than 9 bytes"):
        read_bounded(tmp_path / "a", 9)


def test_folders_that_are_no_export(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is a folder without a file"):
        read_conversations(tmp_path)
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("Ann: hi")
    with pytest.raises(FormatError, match=r"is a folder that is no chat export.*Name one file"):
        read_conversations(tmp_path)
