"""Settings as frozen dataclasses, built from plain dictionaries with errors that name the nearest key."""

from __future__ import annotations

import dataclasses
import math
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
        values: Key to value; missing keys keep their defaults. A nested dataclass may also be given
            built already.
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
        if dataclasses.is_dataclass(hint) and isinstance(value, typing.cast(type[Any], hint)):
            built[key] = value
        elif dataclasses.is_dataclass(hint):
            if not isinstance(value, Mapping):
                raise SettingError(f"'{dotted}' must hold keys of its own, got {value!r}.")
            built[key] = settings_from_dict(typing.cast(type[Any], hint), value, f"{dotted}.")
        elif value is None and hint is str and known[key] == "":
            built[key] = ""  # YAML reads "key:" and a shell's key="" as null
        else:
            built[key] = _fit(value, hint, dotted)
    return kind(**built)


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


def require(
    settings: object,
    name: str,
    where: str = "",
    *,
    least: float = -math.inf,
    most: float = math.inf,
    below: float | None = None,
) -> None:
    """Refuse a number of some settings that is out of range.

    Args:
        settings: What has the number.
        name: The number's attribute.
        where: Dotted prefix for messages; a system's own settings leave it out, it is put before them.
        least: Smallest value allowed.
        most: Largest value allowed.
        below: Smallest value that is too large.

    Raises:
        SettingError: Out of range, or not a number.
    """
    value = getattr(settings, name)
    if least <= value <= most and (below is None or value < below):
        return
    if below is not None:
        asked = f"in [{least:g}, {below:g})"
    elif most < math.inf:
        asked = f"{least:g} to {most:g}"
    else:
        asked = f"at least {least:g}"
    raise SettingError(f"'{where}{name}' must be {asked}, got {value}.")
