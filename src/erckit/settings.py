"""Settings as frozen dataclasses, built from plain dictionaries with errors that name the nearest key."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from erckit.errors import SettingError, nearest

T = TypeVar("T")


def settings_from_dict(kind: type[T], values: Mapping[str, Any], where: str = "") -> T:
    """Build a settings dataclass, and those nested in it, from a dictionary.

    Args:
        kind: A dataclass whose fields have defaults; nested dataclasses are built from nested dictionaries.
        values: Key to value; missing keys keep their defaults.
        where: Dotted prefix for messages.

    Raises:
        SettingError: Unknown key (the nearest one is named) or a value of the wrong type.
    """
    hints = typing.get_type_hints(kind)
    known = {field.name: field.default for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    built: dict[str, Any] = {}
    for key, value in values.items():
        dotted = f"{where}{key}"
        if key not in known:
            raise SettingError(f"unknown key '{dotted}'. {nearest(str(key), known)}")
        hint = hints[key]
        if dataclasses.is_dataclass(hint):
            if not isinstance(value, Mapping):
                raise SettingError(f"'{dotted}' must hold keys of its own, got {value!r}.")
            built[key] = settings_from_dict(typing.cast(type[Any], hint), value, f"{dotted}.")
        elif value is None and hint is str and known[key] == "":
            built[key] = ""  # YAML reads "key:" and a shell's key="" as null
        else:
            built[key] = _fit(value, hint, dotted)
    return kind(**built)


def with_defaults(kind: type[Any], recorded: Any) -> Any:
    """Settings that an older version recorded, with the keys it did not know yet at their defaults.

    Args:
        kind: The dataclass that the settings were made of.
        recorded: What was recorded; keys that ``kind`` does not know stay as they are.
    """
    made = kind()
    # A recipe says in to_dict what comes of a value that depends on another.
    return _filled(recorded, made.to_dict() if hasattr(made, "to_dict") else dataclasses.asdict(made))


def _filled(recorded: Any, defaults: Any) -> Any:
    if not (isinstance(recorded, Mapping) and isinstance(defaults, Mapping)):
        return recorded
    known = {key: _filled(value, defaults[key]) if key in defaults else value for key, value in recorded.items()}
    return {**defaults, **known}


def _fit(value: Any, hint: Any, dotted: str) -> Any:
    allowed = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    plain = tuple(typing.get_origin(kind) or kind for kind in allowed)
    if bool in plain and isinstance(value, bool):
        return value
    if float in plain and isinstance(value, int | str) and not isinstance(value, bool):
        try:
            return float(value)  # YAML reads 1e-5 as a string
        except ValueError:
            pass
    if tuple in plain and isinstance(value, list | tuple):
        kind = next(iter(typing.get_args(allowed[plain.index(tuple)])), None)
        if kind not in (str, int, float):
            return tuple(value)
        return tuple(_fit(one, kind, f"{dotted}[{place}]") for place, one in enumerate(value))
    if Mapping in plain and isinstance(value, Mapping):
        for key in value:
            _fit(key, str, f"key of {dotted}")
        return value
    if isinstance(value, bool) or not isinstance(value, plain):
        names = " or ".join(getattr(kind, "__name__", str(kind)) for kind in plain)
        raise SettingError(f"'{dotted}' must be {names}, got {value!r}.")
    return value


def choose(value: str, allowed: typing.Iterable[str], dotted: str) -> None:
    """Refuse a value that is none of ``allowed``, naming the nearest.

    Raises:
        SettingError: The value is not allowed.
    """
    options = list(allowed)
    if value not in options:
        raise SettingError(f"'{dotted}' cannot be '{value}'. {nearest(value, options)}")
