"""A conversation from the uniform JSON form."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from erckit.conversation import Conversation
from erckit.labels import LabelSet
from erckit.readers.build_conversation import RawUtterance, build_conversation
from erckit.readers.source import BadConversationError

_MAX_DEPTH = 64
_KNOWN = ("id", "speaker", "text", "start", "end")
# What writers/jsonl.py adds to an utterance. They describe a model's answer, not the conversation.
_PREDICTION_KEYS = frozenset({"predicted", "confidence", "scores", "calibrated", "reason", "causal"})


def parse_json(text: str) -> Any:
    """The value of strict JSON ``text``.

    Raises:
        BadConversationError: Not JSON, nested too deeply, or holding NaN, Infinity or a number that is too large.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite_number)
    except RecursionError:
        raise BadConversationError("it is nested too deeply; a conversation needs three levels") from None
    except json.JSONDecodeError as error:
        where = f"column {error.colno}" if error.lineno == 1 else f"line {error.lineno}, column {error.colno}"
        raise BadConversationError(f"it is not JSON ({error.msg} at {where})") from None
    except ValueError as error:
        raise BadConversationError(f"it is not JSON erckit can hold ({error})") from None


def json_conversation(value: Any, fallback_id: str, label_set: LabelSet | None, notes: Counter[str]) -> Conversation:
    """Conversation of a decoded ``{"id", "utterances": [...], "meta": {...}}``.

    Args:
        value: The decoded JSON. ``emotion`` or ``label`` is the gold label; keys erckit has no name for
            go to ``extra`` (of an utterance) or ``meta`` (of the conversation); predictions written by
            erckit are left out.
        fallback_id: The id it gets if it has none.
        label_set: Labels allowed, or None for any.
        notes: Counts what was changed.

    Raises:
        BadConversationError: Not such an object, or what build_conversation refuses.
    """
    if not isinstance(value, Mapping):
        raise BadConversationError(f"it is {_kind(value)}, not an object with 'utterances'")
    if is_deep(value):
        raise BadConversationError(f"it is nested deeper than {_MAX_DEPTH} levels; a conversation needs three")
    utterances = value.get("utterances")
    if not isinstance(utterances, list):
        raise BadConversationError('it has no list of \'utterances\'; write {"id": ..., "utterances": [...]}')
    rows = [_raw_utterance(item, position) for position, item in enumerate(utterances, start=1)]
    return build_conversation(conversation_id(value) or fallback_id, rows, _meta(value), label_set, notes)


def conversation_id(value: Any) -> str | None:
    """The id of a decoded conversation, or None where it has none that can be used."""
    identifier = value.get("id") if isinstance(value, Mapping) else None
    if isinstance(identifier, bool) or not isinstance(identifier, (str, int)):
        return None
    try:
        return str(identifier).strip() or None
    except ValueError:
        return None


def _raw_utterance(item: Any, position: int) -> RawUtterance:
    if not isinstance(item, Mapping):
        raise BadConversationError(f"utterance {position} is {_kind(item)}, not an object with 'text'")
    label_key = "emotion" if "emotion" in item else "label"
    left_out = {*_KNOWN, label_key}
    if "predicted" in item and isinstance(item.get("scores"), Mapping):
        left_out |= _PREDICTION_KEYS
    speaker, speakers = item.get("speaker"), item.get("speakers")
    if not speaker and isinstance(speakers, list) and speakers:
        speaker = speakers[0]
    return RawUtterance(
        text=item.get("text"),
        speaker=speaker,
        id=item.get("id"),
        label=item.get(label_key),
        start=item.get("start"),
        end=item.get("end"),
        extra={key: entry for key, entry in item.items() if key not in left_out},
    )


def _meta(value: Mapping[str, Any]) -> dict[str, Any]:
    meta = value.get("meta")
    others = {key: entry for key, entry in value.items() if key not in ("id", "utterances", "meta")}
    if meta is None:
        return others
    return {**others, **meta} if isinstance(meta, Mapping) else {**others, "meta": meta}


def is_deep(value: Any) -> bool:
    """Whether containers are nested so deep that whoever walks or writes them again may fail."""
    level: list[Any] = [value]
    for _ in range(_MAX_DEPTH):
        inner: list[Any] = []
        for container in level:
            entries = container.values() if isinstance(container, Mapping) else container
            inner.extend(entry for entry in entries if isinstance(entry, (Mapping, list)))
        if not inner:
            return False
        level = inner
    return True


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _finite_number(text: str) -> float:
    number = float(text)
    if math.isinf(number):  # it could be written again as Infinity only, which is no JSON
        raise ValueError(f"{text:.20} is too large a number")
    return number


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")
