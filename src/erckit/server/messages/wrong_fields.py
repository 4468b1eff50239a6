"""What is wrong with a body, in words, without a value of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_SHOWN = 3


def wrong_fields(errors: Sequence[Any]) -> str:
    """One line that names the first fields that are wrong, and what is wrong with each.

    Args:
        errors: As pydantic lists them.
    """
    parts = [_one(error) for error in errors[:_SHOWN]]
    more = len(errors) - len(parts)
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "") + "."


def _one(error: Any) -> str:
    place = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part[:64]}"
        for part in error["loc"]
        if part not in ("body", "query", "path")
    ).lstrip(".")
    if error["type"] == "extra_forbidden":
        return f"'{place}' is not known here"
    if error["type"] == "missing":
        return f"'{place or 'the body'}' is missing"
    words = str(error["msg"]).removeprefix("Input ").removeprefix("Value error, ")
    return f"'{place or 'the body'}' {words[:1].lower()}{words[1:]}"
