"""Discord channels as DiscordChatExporter writes them in JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from erckit.errors import FormatError
from erckit.readers.build_conversation import RawUtterance, add_conversation
from erckit.readers.formats.chat_json import chat_json, table, tables, word
from erckit.readers.parse_seconds import parse_seconds
from erckit.readers.source import Parsed, Source
from erckit.readers.split_speaker import speaker_names

# What people and bots say; older exports have numbers. Everything else is Discord's own message.
_SAID = frozenset(
    {"Default", "Reply", "ThreadStarterMessage", "ChatInputCommand", "ContextMenuCommand", "ApplicationCommand"}
) | {"0", "19", "20", "21", "23"}
_MENTION = re.compile(r"<@!?(\d+)>")
_EMOJI = re.compile(r"<a?(:\w+:)\d+>")


class DiscordReader:
    """Reads a channel, thread or direct chat; it is one conversation.

    Speakers are nicknames, or account names where there is none; two of the same name are told apart by their
    ids. Bots are speakers like others (``extra["bot"]``). Discord's own messages and messages that are nothing
    but attachments, stickers or embeds are left out and counted.
    """

    def read(self, source: Source) -> Parsed:
        """The channel of ``source``; see :class:`Reader`."""
        parsed = Parsed()
        value = table(chat_json(source))
        messages = value.get("messages")
        if not isinstance(messages, list):
            raise FormatError(
                source.path, "has no list of 'messages'", "Export the channel with DiscordChatExporter, as JSON."
            )
        names = _names(messages)
        rows = [row for message in messages if (row := _row(message, names, parsed)) is not None]
        times = [parse_seconds(row.start) for row in rows]
        known = [time for time in times if time is not None]
        if len(known) == len(rows) and known != sorted(known):
            # Exports may begin with the newest message.
            rows = [row for _, row in sorted(zip(known, rows, strict=True), key=itemgetter(0))]
            parsed.notes["messages put in the order they were sent."] += 1
        guild, channel = table(value.get("guild")), table(value.get("channel"))
        pieces = (word(guild.get("name")), word(channel.get("category")), word(channel.get("name")))
        found = {"guild": pieces[0], "category": pieces[1], "channel": pieces[2], "topic": word(channel.get("topic"))}
        meta = {key: entry for key, entry in found.items() if entry}
        identifier = pieces[2] or word(channel.get("id")) or source.path.stem
        add_conversation(parsed, source, identifier, rows, meta)
        return parsed


def _names(messages: list[Any]) -> dict[str, str]:
    """Nickname of each id, else the account's name; one of a person's messages may have it and another not."""
    nicknames: dict[str, str] = {}
    accounts: dict[str, str] = {}
    for message in tables(messages):
        for person in (table(message.get("author")), *tables(message.get("mentions"))):
            identifier = word(person.get("id"))
            nickname, account = word(person.get("nickname")), word(person.get("name"))
            accounts[identifier] = accounts.get(identifier) or account
            if nickname and nickname != account:
                nicknames.setdefault(identifier, nickname)
    accounts.pop("", None)
    return speaker_names({identifier: nicknames.get(identifier, name) for identifier, name in accounts.items()})


def _row(message: Any, names: Mapping[str, str], parsed: Parsed) -> RawUtterance | None:
    if not isinstance(message, Mapping):
        parsed.left_out["entries that are no messages"] += 1
        return None
    if (word(message.get("type")) or "Default") not in _SAID:
        parsed.left_out["messages of Discord itself (joins, pins, calls)"] += 1
        return None
    content = message.get("content")
    attached = any(message.get(key) for key in ("attachments", "stickers", "embeds"))
    if not isinstance(content, str) or not content.strip():
        parsed.left_out["media without text" if attached else "messages without text"] += 1
        return None
    content = _MENTION.sub(lambda found: f"@{names[found[1]]}" if found[1] in names else found[0], content)
    author = table(message.get("author"))
    extra: dict[str, Any] = {}
    if author.get("isBot") is True:
        extra["bot"] = True
    if message.get("timestampEdited"):
        extra["edited"] = True
    if attached:
        extra["media"] = True
    reply = word(table(message.get("reference")).get("messageId"))
    if reply:
        extra["reply_to"] = reply
    reactions = {
        emoji: reaction.get("count")
        for reaction in tables(message.get("reactions"))
        if (emoji := word(table(reaction.get("emoji")).get("name"))) and isinstance(reaction.get("count"), int)
    }
    if reactions:
        extra["reactions"] = reactions
    return RawUtterance(
        text=_EMOJI.sub(r"\1", content),
        speaker=names.get(word(author.get("id"))) or author.get("nickname") or author.get("name"),
        id=message.get("id"),
        start=message.get("timestamp"),
        extra=extra,
    )
