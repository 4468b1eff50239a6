"""The formats that erckit reads, by name."""

from __future__ import annotations

from erckit.errors import SettingError, nearest
from erckit.plugins import READERS as GROUP
from erckit.plugins import load_part, plugged_in
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
# Those whose files are no text.
BINARY_FORMATS = frozenset({"parquet"})


def reader(name: str) -> Reader:
    """The reader of a format.

    Raises:
        SettingError: There is no such format; the message names the nearest.
    """
    formats = READERS if name in READERS else reader_table()
    if name not in formats:
        raise SettingError(f"unknown format '{name}'. {nearest(name, formats)}")
    made: Reader = load_part(GROUP, name, formats[name])()
    return made


def reader_table() -> dict[str, str]:
    """Every format: name to where its reader stands, erckit's own first, then those of other packages."""
    return {**READERS, **plugged_in(GROUP, READERS)}


def content_of(name: str) -> str:
    """What the reader of a format is given: "text", "bytes" (a binary file) or "folder" (of several files).

    A reader of another package says it with a class attribute ``content``; without one it is given text.
    """
    if name in READERS:
        return "folder" if name in TREE_FORMATS else "bytes" if name in BINARY_FORMATS else "text"
    return str(getattr(reader(name), "content", "text"))


def known_formats() -> str:
    """All format names in one phrase."""
    return ", ".join(reader_table())
