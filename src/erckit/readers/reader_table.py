"""The formats that erckit reads, by name."""

from __future__ import annotations

import importlib

from erckit.errors import SettingError, nearest
from erckit.readers.source import Reader

# A format is one file and one line here; the class is imported when it is needed.
READERS: dict[str, str] = {
    "transcript": "erckit.readers.formats.transcript:TranscriptReader",
    "jsonl": "erckit.readers.formats.jsonl:JsonlReader",
    "csv": "erckit.readers.formats.table:TableReader",
    "parquet": "erckit.readers.formats.parquet:ParquetReader",
    "whatsapp": "erckit.readers.formats.whatsapp.whatsapp:WhatsAppReader",
    "slack": "erckit.readers.formats.slack:SlackReader",
    "discord": "erckit.readers.formats.discord:DiscordReader",
    "telegram": "erckit.readers.formats.telegram:TelegramReader",
    "chatgpt": "erckit.readers.formats.chatgpt:ChatGptReader",
    "webvtt": "erckit.readers.formats.subtitles:SubtitleReader",
    "srt": "erckit.readers.formats.subtitles:SubtitleReader",
    "whisper": "erckit.readers.formats.whisper:WhisperReader",
    "convokit": "erckit.readers.formats.convokit:ConvoKitReader",
}
# Those whose export is several files that belong together.
TREE_FORMATS = frozenset({"slack", "convokit"})


def reader(name: str) -> Reader:
    """The reader of a format.

    Raises:
        SettingError: There is no such format; the message names the nearest.
    """
    if name not in READERS:
        raise SettingError(f"unknown format '{name}'. {nearest(name, READERS)}")
    module, _, attribute = READERS[name].partition(":")
    found: Reader = getattr(importlib.import_module(module), attribute)()
    return found


def known_formats() -> str:
    """All format names in one phrase."""
    return ", ".join(READERS)
