"""Opening a store by where it is."""

from pathlib import Path

import pytest

from erckit.memory.store.exact_store import ExactStore
from erckit.memory.store.lance_store import LanceStore
from erckit.memory.store.open_store import default_memory_folder, open_store


def test_memory_is_in_process() -> None:
    assert isinstance(open_store("memory"), ExactStore)
    assert open_store("memory", keeps_text=False).keeps_text is False
    assert open_store("memory") is not open_store("memory")


def test_anything_else_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for where, folder in (("here", "here"), (Path("memory"), "memory"), ("~/mine", "mine")):
        assert isinstance(open_store(where, keeps_text=False), LanceStore)
        assert (tmp_path / folder / "memory.json").is_file()
        assert open_store(where).keeps_text is False


def test_the_default_folder_is_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path))
    assert default_memory_folder() == tmp_path / "memory"
