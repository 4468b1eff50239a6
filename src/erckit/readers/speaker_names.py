"""Names for speakers that a source knows by id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from erckit.readers.clean_text import clean_text


def speaker_names(names: Mapping[str, str]) -> dict[str, str]:
    """A name for each id: the one given, with the id behind it where two people have the same, capitals aside.

    Args:
        names: Name of each id; empty where there is none, and the id itself is taken.
    """
    shown = {identifier: clean_text(name) or identifier for identifier, name in names.items()}
    uses = Counter(name.casefold() for name in shown.values())
    return {
        identifier: name if uses[name.casefold()] == 1 or name == identifier else f"{name} ({identifier})"
        for identifier, name in shown.items()
    }
