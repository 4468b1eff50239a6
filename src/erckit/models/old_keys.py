"""Model settings in their first spelling, when one dataclass held all of them: read for ever, never written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

OWN = "own"


class OldKey(NamedTuple):
    """Where a setting of the first spelling stands today.

    Args:
        place: Dotted key below ``model.``; below ``own.`` for one of the system's own settings.
        default: What it was when nothing was said. Dictionaries that were written with all settings say so of systems
            that never read it.
    """

    place: str
    default: Any


# By dotted key below ``model.``
OLD_KEYS: Mapping[str, OldKey] = {
    "gru_layers": OldKey("own.gru_layers", 2),
    "gru_dropout": OldKey("own.gru_dropout", 0.3),
    "has_projection": OldKey("own.has_projection", True),
    "head_dropout": OldKey("head.dropout", 0.1),
    "sentemo.reader": OldKey("reader.kind", "backbone"),
    "sentemo.word_vectors": OldKey("reader.word_vectors", ""),
    "sentemo.freezes_backbone": OldKey("reader.is_frozen", True),
    "sentemo.layers": OldKey("reader.layers", ()),
    "sentemo.has_projection": OldKey("reader.has_projection", True),
    "sentemo.width": OldKey("reader.width", 0),
    "sentemo.projection_dropout": OldKey("reader.projection_dropout", 0.1),
    "sentemo.head": OldKey("head.kind", "linear"),
    "sentemo.temperature": OldKey("head.temperature", 0.1),
    "sentemo.is_detached": OldKey("head.is_detached", False),
    "sentemo.context_window": OldKey("own.context_window", 14),
    "sentemo.heads": OldKey("own.heads", 8),
    "sentemo.feedforward": OldKey("own.feedforward", 768),
    "sentemo.dropout": OldKey("own.dropout", 0.3),
    "sentemo.is_normalised": OldKey("own.is_normalised", False),
}
# Systems of that time; a later one never had its own settings said so.
FIRST_SYSTEMS = frozenset({"compm", "emonet", "emonet_frozen", "sentemo"})
OLD_GROUPS = frozenset(key.partition(".")[0] for key in OLD_KEYS if "." in key)


class Moved(NamedTuple):
    """A setting that was given in the first spelling.

    Args:
        key: As it was given, below ``model.``.
        place: Today's dotted key below ``model.``; None where the system has no such setting.
        value: As it was given.
    """

    key: str
    place: str | None
    value: Any

    @property
    def is_default(self) -> bool:
        """Whether it says no more than its old default."""
        value = tuple(self.value) if isinstance(self.value, list) else self.value
        default = OLD_KEYS[self.key].default
        return bool(value == default) or (value is None and default == "")


def new_place(key: str, name: str, own: Collection[str]) -> str | None:
    """Today's dotted key below ``model.`` of a key of the first spelling, None where the system has no such setting.

    Args:
        key: A key of ``OLD_KEYS``.
        name: The system.
        own: Names of its own settings.
    """
    place = OLD_KEYS[key].place
    group, _, last = place.partition(".")
    if group != OWN:
        return place
    return f"{name}.{last}" if last in own and name in FIRST_SYSTEMS else None


def moved_settings(values: Mapping[str, Any], name: str, own: Collection[str]) -> Iterator[Moved]:
    """Settings of a ``model`` group that are spelled in the old way.

    Args:
        values: Key to value, groups nested.
        name: The system.
        own: Names of its own settings.
    """
    for key, value in values.items():
        if key in OLD_KEYS:
            yield Moved(key, new_place(key, name, own), value)
        elif key in OLD_GROUPS and isinstance(value, Mapping):
            for below, setting in value.items():
                dotted = f"{key}.{below}"
                # A system may be called as an old group: what is its own now stays where it is.
                if dotted in OLD_KEYS and new_place(dotted, name, own) != dotted:
                    yield Moved(dotted, new_place(dotted, name, own), setting)
