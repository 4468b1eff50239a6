"""Slack exports: a folder or zip with a file per channel and day."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from erckit.errors import FormatError
from erckit.readers.build_conversation import RawUtterance, add_conversation
from erckit.readers.formats.chat_json import chat_json, loads, table, tables, word
from erckit.readers.formats.slack_text import slack_text
from erckit.readers.report import Skipped
from erckit.readers.source import BadConversationError, FileTree, Parsed, Source
from erckit.readers.split_speaker import speaker_names

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\.json")
# Messages that somebody wrote; the other subtypes are Slack's own (joins, topics, pins, ...).
_SAID = frozenset(
    {"", "thread_broadcast", "me_message", "bot_message", "file_share", "file_comment", "reply_broadcast"}
)
_LISTS = ("channels.json", "groups.json", "dms.json", "mpims.json")


@dataclass(slots=True)
class _Said:
    """A message that is an utterance, with what decides where it stands."""

    time: float
    thread: str
    row: RawUtterance


@dataclass(slots=True)
class _Export:
    """Names that hold in the whole export."""

    users: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)


class SlackReader:
    """Reads an export of a workspace, a folder of one channel, or one day of one.

    A channel is one conversation, and so is every thread (``channel/thread_ts``): the message that opens it and
    its replies, which leave the channel's conversation. Mentions and links are shown by their names. Bots are
    speakers like others (``extra["bot"]``). Slack's own messages and files without text are left out and counted.
    """

    def read(self, source: Source) -> Parsed:
        """All channels and threads of ``source``; see :class:`Reader`."""
        parsed = Parsed()
        if source.tree is None:
            value = chat_json(source)
            messages = value if isinstance(value, list) else []
            export = _Export(_user_names([], messages))
            _add_channel(source, parsed, source.path.stem, messages, export)
            return parsed
        days: dict[str, list[str]] = defaultdict(list)
        for name in source.tree.names:
            if _DAY.fullmatch(PurePosixPath(name).name):
                days[PurePosixPath(name).parent.as_posix()].append(name)
        if not days:
            raise FormatError(
                source.path, "holds no file such as 'general/2024-05-31.json'", "Export the workspace from Slack again."
            )
        channels = {folder: _messages(source, source.tree, names, parsed) for folder, names in days.items()}
        export = _read_names(source.tree, parsed, [message for found in channels.values() for message in found])
        for folder, messages in channels.items():
            name = PurePosixPath(folder).name or source.path.stem
            _add_channel(source, parsed, export.channels.get(name, name), messages, export)
        return parsed


def _messages(source: Source, tree: FileTree, names: list[str], parsed: Parsed) -> list[Any]:
    """Messages of a channel's files; a file that cannot be read is skipped."""
    messages: list[Any] = []
    for name in names:
        try:
            value = loads(tree.read(name))
            if not isinstance(value, list):
                raise BadConversationError("it is no list of messages")
        except BadConversationError as error:
            channel = PurePosixPath(name).parent.name
            parsed.skipped.append(Skipped(str(source.path / name), 1, channel, str(error), what="day"))
        else:
            messages += value
    return messages


def _read_names(tree: FileTree, parsed: Parsed, messages: list[Any]) -> _Export:
    lists: dict[str, list[Mapping[str, Any]]] = {}
    for name in tree.names:
        base = PurePosixPath(name).name
        if base == "users.json" or base in _LISTS:
            try:
                lists[base] = list(tables(loads(tree.read(name))))
            except BadConversationError as error:
                parsed.notes[f"'{base}' cannot be read ({error}); ids stand where names would."] += 1
    users = _user_names(lists.get("users.json", []), messages)
    channels: dict[str, str] = {}
    for base in _LISTS:
        for entry in lists.get(base, []):
            identifier, name = word(entry.get("id")), word(entry.get("name"))
            members = entry.get("members")
            if base == "dms.json" and isinstance(members, list):
                name = ", ".join(users.get(word(member), word(member)) for member in members)
            if identifier and name:
                channels[identifier] = name
    return _Export(users, channels)


def _user_names(users: list[Mapping[str, Any]], messages: list[Any]) -> dict[str, str]:
    names: dict[str, str] = {}
    for user in users:
        profile = table(user.get("profile"))
        found = (profile.get("display_name"), user.get("real_name"), profile.get("real_name"), user.get("name"))
        names[word(user.get("id"))] = next(filter(None, map(word, found)), "")
    for message in tables(messages):
        # People of other workspaces are in no list, but each message may bring its author's profile.
        profile = table(message.get("user_profile"))
        name = word(profile.get("display_name")) or word(profile.get("real_name")) or word(profile.get("name"))
        if word(message.get("user")) and not names.get(word(message["user"])):
            names[word(message["user"])] = name
    names.pop("", None)
    return speaker_names(names)


def _add_channel(source: Source, parsed: Parsed, name: str, messages: list[Any], export: _Export) -> None:
    said = [found for message in messages if (found := _said(message, export, parsed)) is not None]
    said.sort(key=lambda found: found.time)
    replied = {found.thread for found in said if found.thread and found.thread != found.row.id}
    groups: dict[str, list[RawUtterance]] = {"": []}
    for found in said:
        groups.setdefault(found.thread if found.thread in replied else "", []).append(found.row)
    if not groups[""] and len(groups) > 1:
        del groups[""]
    for thread, rows in groups.items():
        meta = {"channel": name, "thread_ts": thread} if thread else {"channel": name}
        add_conversation(parsed, source, f"{name}/{thread}" if thread else name, rows, meta)


def _said(message: Any, export: _Export, parsed: Parsed) -> _Said | None:
    if not isinstance(message, Mapping) or message.get("type", "message") != "message":
        parsed.left_out["entries that are no messages"] += 1
        return None
    subtype = word(message.get("subtype"))
    if subtype not in _SAID:
        parsed.left_out[f"messages of Slack itself ({subtype[:40]})"] += 1
        return None
    text = slack_text(message, export.users, export.channels)
    if not text.strip():
        parsed.left_out["files without text" if message.get("files") else "messages without text"] += 1
        return None
    extra: dict[str, Any] = {}
    if message.get("bot_id") or subtype == "bot_message":
        extra["bot"] = True
    if message.get("edited"):
        extra["edited"] = True
    if message.get("files"):
        extra["media"] = True
    reactions = {
        word(reaction.get("name")): reaction["count"]
        for reaction in tables(message.get("reactions"))
        if word(reaction.get("name")) and isinstance(reaction.get("count"), int)
    }
    if reactions:
        extra["reactions"] = reactions
    stamp = word(message.get("ts"))
    try:
        time = float(stamp)
    except ValueError:
        time = 0.0
    row = RawUtterance(text=text, speaker=_speaker(message, export), id=stamp or None, start=stamp, extra=extra)
    return _Said(time if abs(time) < 1e15 else 0.0, word(message.get("thread_ts")), row)


def _speaker(message: Mapping[str, Any], export: _Export) -> str:
    user = word(message.get("user"))
    if user and user in export.users:
        return export.users[user]
    bot = word(message.get("username")) or word(table(message.get("bot_profile")).get("name"))
    return bot or user or word(message.get("bot_id"))
