"""Old module names: each gives the module of today, and says so."""

import importlib.util
import json
from pathlib import Path

import pytest

import erckit

TABLE: dict[str, str] = json.loads(Path(erckit.__file__).with_name("moved_modules.json").read_text(encoding="utf-8"))


def test_every_new_name_exists() -> None:
    for name in TABLE.values():
        assert importlib.util.find_spec(name) is not None, name


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_old_and_new_name_are_one_module() -> None:
    old = importlib.import_module("erckit.memory.open_store")
    new = importlib.import_module("erckit.memory.store.open_store")
    assert old is new
    assert new.__spec__ is not None
    assert new.__spec__.name == "erckit.memory.store.open_store"


def test_an_old_name_warns() -> None:
    with pytest.warns(FutureWarning, match=r"erckit\.readers\.limits is erckit\.readers\.folder_tree now"):
        importlib.import_module("erckit.readers.limits")


def test_a_name_that_never_was_is_refused() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"erckit\.no_such_module"):
        importlib.import_module("erckit.no_such_module")
