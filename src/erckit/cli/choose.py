"""Options that take one of a few names."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from erckit.errors import nearest


def choose(option: str, value: str, known: Iterable[str]) -> str:
    """``value`` if it is one of ``known``; otherwise a usage error that names the nearest one.

    Args:
        option: The option as the user typed it, such as ``--precision``.
        value: What the user gave.
        known: What the option takes.
    """
    names = list(known)
    if value not in names:
        raise typer.BadParameter(
            f"'{value}' is not one of {', '.join(names)}. {nearest(value, names)}", param_hint=option
        )
    return value


def split_pairs(option: str, text: str, example: str) -> dict[str, str]:
    """``a=b,c=d`` as a mapping; a usage error that shows ``example`` when it is not of that form."""
    pairs = {}
    for pair in text.split(","):
        key, equals, value = pair.partition("=")
        if not (equals and key.strip() and value.strip()):
            raise typer.BadParameter(
                f"'{pair}' is not KEY=VALUE. Write for example {option} {example}", param_hint=option
            )
        pairs[key.strip()] = value.strip()
    return pairs
