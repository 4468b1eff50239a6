"""Under which other settings a setting is read at all: said in the field's metadata, next to its default."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_KEY = "read_when"


@dataclass(frozen=True, slots=True)
class Condition:
    """A value that another setting must have, or must not have.

    Args:
        key: Dotted key of the other setting, as a recipe says it.
        values: Which values.
        is_barred: Whether these are the values that it must not have.
    """

    key: str
    values: tuple[Any, ...]
    is_barred: bool = False

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether settings, by dotted key, are so."""
        return (values[self.key] in self.values) != self.is_barred

    def __str__(self) -> str:
        named = " or ".join(_spelled(value) for value in self.values)
        return f"'{self.key}' {'other than' if self.is_barred else 'at'} {named}"


def only(key: str, *values: Any) -> Condition:
    """Read only where the setting ``key`` has one of these values."""
    return Condition(key, values)


def unless(key: str, *values: Any) -> Condition:
    """Read unless the setting ``key`` has one of these values."""
    return Condition(key, values, is_barred=True)


def read_when(*conditions: Condition | tuple[Condition, ...]) -> dict[str, Any]:
    """Metadata of a dataclass field: all these must hold for its value to be read, and for all below it.

    Args:
        conditions: A tuple of them holds where any of its conditions does.
    """
    return {_KEY: tuple(c if isinstance(c, tuple) else (c,) for c in conditions)}


@dataclass(frozen=True, slots=True)
class Setting:
    """A value of some settings.

    Args:
        key: Dotted.
        value: Which it has.
        is_default: Whether it is at its default.
        conditions: Under which it is read, see :func:`read_when`.
    """

    key: str
    value: Any
    is_default: bool
    conditions: tuple[tuple[Condition, ...], ...] = ()

    def unmet(self, values: Mapping[str, Any]) -> tuple[Condition, ...]:
        """The conditions of which none holds, although one must; empty where the value is read.

        Args:
            values: All settings by dotted key. What is not among them asks for nothing, and nothing is below itself.
        """
        for conditions in self.conditions:
            known = tuple(condition for condition in conditions if condition.key in values)
            if known and all(c.key != self.key and not c.holds(values) for c in known):
                return known
        return ()


def all_settings(
    prefix: str, settings: Any, default: Any, conditions: tuple[tuple[Condition, ...], ...] = ()
) -> Iterator[Setting]:
    """Every value of a dataclass of settings and of those nested in it.

    Args:
        prefix: Dotted key of the whole.
        settings: An instance.
        default: Another instance, with what it says where nothing is said.
        conditions: Under which the whole is read.
    """
    for field in dataclasses.fields(settings):
        key, value, usual = f"{prefix}.{field.name}", getattr(settings, field.name), getattr(default, field.name)
        own = (*conditions, *field.metadata.get(_KEY, ()))
        if dataclasses.is_dataclass(value) and type(value) is type(usual):
            yield from all_settings(key, value, usual, own)
        else:
            yield Setting(key, value, value == usual, own)


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value not in ("", (), {}) else "nothing"
