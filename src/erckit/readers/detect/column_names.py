"""Usual names of table columns, and what they hold."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

# The ConvoKit, MELD and EmoryNLP names are among them. Earlier names win over later ones.
_NAMES: dict[str, tuple[str, ...]] = {
    "text": ("text", "utterance", "message", "content", "transcript", "sentence", "body", "msg"),
    "speaker": (
        "speaker", "speakername", "speakerid", "author", "user", "username", "sender", "from", "name", "role", "who",
    ),
    "conversation": (
        "conversation", "conversationid", "dialogue", "dialogueid", "dialog", "dialogid", "convid", "chatid", "chat",
        "threadid", "thread", "sessionid", "session", "meetingid", "callid", "channel", "sceneid", "scene",
    ),
    "id": ("id", "utteranceid", "uttid", "messageid", "turnid", "turn"),
    "label": ("emotion", "label", "gold", "goldlabel"),
    "start": ("start", "starttime", "begin", "timestamp", "time", "datetime", "date"),
    "end": ("end", "endtime", "stop"),
}  # fmt: skip
ROLES = tuple(_NAMES)
MOST_COLUMNS = 10_000
DELIMITERS = (",", "\t", ";", "|")


def recognise_columns(header: Sequence[str]) -> dict[str, str]:
    """Which column of ``header`` holds what: ``{"text": "Utterance", ...}``; case, spaces and ``_`` do not matter."""
    by_name: dict[str, str] = {}
    for column in header[:MOST_COLUMNS]:
        by_name.setdefault(_simple(column), column)
    roles: dict[str, str] = {}
    for role, names in _NAMES.items():
        for name in names:
            if name in by_name:
                roles[role] = by_name[name]
                break
    return roles


def split_header(line: str, wanted: Sequence[str] = (), preferred: str | None = None) -> tuple[str, list[str]]:
    """Delimiter and column names of a table's first line.

    Args:
        line: The line.
        wanted: Column names the user named; a delimiter that gives them wins.
        preferred: Delimiter the file extension suggests.

    Returns:
        The delimiter that gives most known columns, then most columns.
    """
    best: tuple[tuple[int, int, int, bool], str, list[str]] | None = None
    for delimiter in DELIMITERS:
        try:
            names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
        except csv.Error:
            continue
        hits = len(set(wanted) & set(names))
        rank = (hits, len(recognise_columns(names)), len(names) > 1, delimiter == preferred)
        if best is None or rank > best[0]:
            best = (rank, delimiter, names)
    return (best[1], best[2]) if best else (preferred or ",", [line])


def _simple(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())
