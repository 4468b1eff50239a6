"""Which program wrote a JSON value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from erckit.readers.formats.chat_json import table, tables

_LOOKED_AT = 50


def json_format(value: Any) -> str:
    """Name of the reader for a decoded JSON value, by its shape; ``jsonl`` where no chat program's is recognised."""
    if isinstance(value, list):
        return _list_format(value[:_LOOKED_AT])
    if not isinstance(value, Mapping) or isinstance(value.get("utterances"), list):
        return "jsonl"
    if isinstance(value.get("mapping"), Mapping):
        return "chatgpt"
    if isinstance(table(value.get("chats")).get("list"), list):
        return "telegram"
    messages = value.get("messages")
    if isinstance(messages, list):
        first: Mapping[str, Any] = next(tables(messages[:_LOOKED_AT]), {})
        if "channel" in value and ("guild" in value or "author" in first):
            return "discord"
        if "date" in first or "date_unixtime" in first or ("type" in value and "name" in value):
            return "telegram"
    if _is_recording(value):
        return "whisper"
    if is_row(value):
        return "convokit"
    return "jsonl"


def is_row(value: Any) -> bool:
    """Whether ``value`` is one utterance that names its conversation, as ConvoKit writes one per line."""
    if not isinstance(value, Mapping) or "utterances" in value or not isinstance(value.get("text"), str | None):
        return False
    return "text" in value and any(key in value for key in ("conversation_id", "root", "conversation"))


def _list_format(values: list[Any]) -> str:
    rows = list(tables(values))
    if not rows:
        return "jsonl"
    if any(isinstance(row.get("mapping"), Mapping) for row in rows):
        return "chatgpt"
    if any("ts" in row and row.get("type") == "message" for row in rows):
        return "slack"
    if any(is_row(row) for row in rows):
        return "convokit"
    if all("start" in row and "end" in row and ("text" in row or "speaker" in row) for row in rows):
        return "whisper"
    return "jsonl"


def _is_recording(value: Mapping[str, Any]) -> bool:
    inner = value if "output" not in value else table(value["output"])
    return any(isinstance(inner.get(key), list) for key in SEGMENT_KEYS)


# WhisperX and faster-whisper write the first, pyannote's service the others.
SEGMENT_KEYS = ("segments", "turnLevelTranscription", "wordLevelTranscription", "diarization", "word_segments")
