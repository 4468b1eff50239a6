"""The decoded JSON of a chat export."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from erckit.errors import FormatError
from erckit.readers.source import BadConversationError, Source


def chat_json(source: Source) -> Any:
    """The JSON value of ``source``, decoded once.

    Raises:
        FormatError: It is no JSON.
    """
    if source.value is not None:
        return source.value
    try:
        return loads(source.text)
    except BadConversationError as error:
        raise FormatError(source.path, f"cannot be read: {error}", "Export the chat again.", 1) from None


def loads(text: str | bytes) -> Any:
    """The value of JSON ``text``; NaN, Infinity and numbers too large become null.

    Programs that transcribe write NaN where they have no score. Nothing erckit keeps is among such numbers.

    Raises:
        BadConversationError: Not JSON, or nested too deeply.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        return json.loads(text.replace("\0", ""), parse_constant=lambda _: None, parse_float=_finite)
    except RecursionError:
        raise BadConversationError("it is nested too deeply for a chat") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadConversationError(f"it is not JSON ({error.msg} at {where})") from None
    except ValueError as error:  # an integer of more than 4,300 digits, or bytes that are no UTF-8
        raise BadConversationError(f"it is not JSON erckit can hold ({str(error)[:120]})") from None


def table(value: Any) -> Mapping[str, Any]:
    """``value`` if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def tables(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects in ``value`` if it is a list."""
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else iter(())


def word(value: Any) -> str:
    """``value`` as a name or id: text or a whole number; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    try:
        return str(value).strip()
    except ValueError:
        return ""


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
