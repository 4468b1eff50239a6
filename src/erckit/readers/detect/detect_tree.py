"""Which format a folder or archive of files has, and which of its files to read."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from erckit.errors import FormatError
from erckit.readers.detect.decode_file import decode_bytes
from erckit.readers.detect.detect_format import detect_format
from erckit.readers.reader_table import content_of, known_formats
from erckit.readers.source import FileTree

_TEXT = frozenset({".txt", ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".vtt", ".srt", ".log", ""})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\.json")
# The one file of an export that holds the chats, where the others are only about it.
_LONE = (
    ("whatsapp", re.compile(r"_chat\.txt|WhatsApp[^/]{0,200}\.txt")),
    ("telegram", re.compile(r"result\.json")),
    ("chatgpt", re.compile(r"conversations(?:-\d+)?\.json")),
)
# A folder of these is read as a whole; a folder of plain tables or transcripts may be anything.
_CHATS = frozenset({"whatsapp", "discord", "telegram", "chatgpt", "webvtt", "srt", "whisper"})
_MOST_FILES = 2000


def detect_tree(path: Path, tree: FileTree, wanted: str | None) -> tuple[str, list[str]]:
    """Format of a folder or archive and the files to read.

    Args:
        path: The folder or archive, for messages.
        tree: Its files.
        wanted: Format the user named, or None.

    Raises:
        FormatError: It is no export that is known, or files of several formats.
    """
    names = [PurePosixPath(name) for name in tree.names]
    bases = {name.name for name in names}
    if wanted is not None and content_of(wanted) == "folder":
        return wanted, []
    if wanted is None and bases & {"utterances.jsonl", "utterances.json"}:
        return "convokit", []
    if wanted is None and _is_slack(names, bases):
        return "slack", []
    texts = [name for name in names if name.suffix.lower() in _TEXT]
    for format, pattern in _LONE:
        found = [str(name) for name in texts if pattern.fullmatch(name.name)]
        if found and wanted in (None, format):
            return format, found
    if len(texts) == 1:
        return wanted or "file", [str(texts[0])]
    if len(texts) > _MOST_FILES:
        raise FormatError(path, f"holds {len(texts):,} files of text", "Name the files to read.")
    formats = {str(name): _format(path, tree, str(name)) for name in texts}
    formats_wanted = {wanted} if wanted else _CHATS
    chats = {name: format for name, format in formats.items() if format is not None and format in formats_wanted}
    if len(set(chats.values())) == 1:
        return next(iter(chats.values())), list(chats)
    raise FormatError(path, _problem(path, names, chats), _fix(bases))


def _is_slack(names: list[PurePosixPath], bases: set[str]) -> bool:
    """Whether there are files named by days: below folders beside Slack's lists, or nothing else at all."""
    days = [name for name in names if _DAY.fullmatch(name.name)]
    listed = bool(bases & {"users.json", "channels.json", "dms.json"}) and any(len(day.parts) > 1 for day in days)
    return listed or (bool(days) and len(days) == len(names))


def _format(path: Path, tree: FileTree, name: str) -> str | None:
    try:
        return detect_format(Path(name), decode_bytes(path / name, tree.read(name))).format
    except FormatError:
        return None


def _problem(path: Path, names: list[PurePosixPath], chats: dict[str, str]) -> str:
    kind = "folder" if path.is_dir() else "zip archive"
    if not names:
        return f"is a {kind} without a file"
    if chats:
        return f"is a {kind} with files of several formats ({', '.join(sorted(set(chats.values())))})"
    shown = ", ".join(f"'{str(name)[:40]}'" for name in names[:5])
    return f"is a {kind} that is no chat export erckit knows (it holds {shown}{', ...' if len(names) > 5 else ''})"


def _fix(bases: set[str]) -> str:
    if "[Content_Types].xml" in bases:
        return "It is an office document: save its text as .txt or its table as .csv."
    return f"Name one file in it, or a --format: {known_formats()}."
