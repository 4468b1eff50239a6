"""Imports of modules under their names of erckit 0.1.0, which moved: still served for one release, with a warning."""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

_TABLE = Path(__file__).with_name("moved_modules.json")


class MovedModules:
    """Finder and loader of old module names: gives the module that has their content today.

    It stands last in ``sys.meta_path`` and is asked only when no module of that name exists, so imports of today's
    names never pay for it.
    """

    def __init__(self) -> None:
        self._table: dict[str, str] | None = None
        self._specs: dict[str, Any] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Specification of an old name; None for all others."""
        if not name.startswith("erckit."):
            return None
        if self._table is None:
            self._table = json.loads(_TABLE.read_text(encoding="utf-8"))
        return ModuleSpec(name, self) if name in self._table else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module under its name of today."""
        assert self._table is not None
        name = self._table[spec.name]
        warnings.warn(
            f"{spec.name} is {name} now; the old name goes with the next release", FutureWarning, stacklevel=2
        )
        module = importlib.import_module(name)
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own specification back, which the import of the old name replaced."""
        replaced = module.__spec__
        assert replaced is not None
        module.__spec__ = self._specs.pop(replaced.name)


def install() -> None:
    """Serve the old names. Done once, by ``import erckit``."""
    if not any(isinstance(finder, MovedModules) for finder in sys.meta_path):
        sys.meta_path.append(MovedModules())  # type: ignore[arg-type]
