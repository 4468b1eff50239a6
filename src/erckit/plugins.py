"""Parts that other installed packages bring through entry points: corpora, readers, writers and metrics by name.

A package names them in its ``pyproject.toml``, the group and then one line per part:

    [project.entry-points."erckit.readers"]
    elan = "my_package.elan:ElanReader"

Names of erckit's own tables always win, so that no package changes what a recipe or a command line means.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from erckit.errors import SettingError

CORPORA = "erckit.corpora"  # a CorpusSource
READERS = "erckit.readers"  # a class with read(source) -> Parsed
WRITERS = "erckit.writers"  # a function (labelled, path); its name is the file extension it writes, without the dot
METRICS = "erckit.metrics"  # a function (confusion, neutral) -> scores


def plugged_in(group: str, own: Mapping[str, Any]) -> dict[str, str]:
    """Parts of a group that other packages bring: name to ``module:attribute``, in alphabetical order.

    Args:
        group: One of the constants above.
        own: erckit's own parts; a part under one of their names is not taken.
    """
    return {name: place for name, place in _entry_points(group, tuple(sys.path)) if name not in own}


@cache
def _entry_points(group: str, path: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Entry points of what is installed on a path, read once: the files of all packages are looked at for them."""
    from importlib.metadata import entry_points  # slower to import than all of erckit's own light parts together

    return tuple(sorted({point.name: point.value for point in entry_points(group=group)}.items()))


def load_part(group: str, name: str, place: str) -> Any:
    """Import a part.

    Args:
        group: Its group, for the message.
        name: Its name, for the message.
        place: ``module:attribute``.

    Raises:
        SettingError: The package that brings it is broken.
    """
    module, _, attribute = place.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise SettingError(
            f"'{name}' ({group}) stands at '{place}', which cannot be imported: {error}. "
            "Repair or remove the package that brings it."
        ) from error
