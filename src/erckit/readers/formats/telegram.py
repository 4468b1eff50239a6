"""Telegram's ``result.json``: one chat, or all chats of an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from erckit.errors import FormatError
from erckit.readers.build_conversation import RawUtterance, add_conversation, unique_name
from erckit.readers.formats.chat_json import chat_json, table, tables, word
from erckit.readers.report import Skipped
from erckit.readers.source import Parsed, Source
from erckit.readers.split_speaker import speaker_names

# Keys that say that something other than text was sent.
_MEDIA = ("media_type", "photo", "file", "location_information", "contact_information", "poll", "game_title")


class TelegramReader:
    """Reads Telegram's JSON export; one chat is one conversation.

    Text is a string or a list of strings and entities, whose texts are joined. Two people of the same name are
    told apart by their ids. A sticker is read as its emoji. Service messages and media without a caption are
    left out and counted.
    """

    def read(self, source: Source) -> Parsed:
        """All chats of ``source``; see :class:`Reader`."""
        parsed = Parsed()
        chats = list(_chats(chat_json(source)))
        if not chats:
            raise FormatError(
                source.path, "holds no chat with 'messages'", "Export it from Telegram Desktop again, as JSON."
            )
        names = _names(chats)
        taken: set[str] = set()
        for position, chat in enumerate(chats, start=1):
            messages = table(chat).get("messages")
            identifier = word(table(chat).get("name")) or f"chat {word(table(chat).get('id')) or position}"
            identifier = unique_name(identifier, taken)
            taken.add(identifier)
            if not isinstance(messages, list):
                reason = "it has no list of 'messages'; export the chat again"
                parsed.skipped.append(Skipped(str(source.path), 1, identifier, reason))
                continue
            rows = [row for message in messages if (row := _row(message, names, parsed)) is not None]
            meta = {key: chat[key] for key in ("id", "type") if isinstance(chat.get(key), (str, int))}
            add_conversation(parsed, source, identifier, rows, meta)
        return parsed


def _chats(value: Any) -> Iterator[Any]:
    """The chats of an export of one chat or of an account, chats that were left included."""
    if "messages" in table(value):
        yield value
    for key in ("chats", "left_chats"):
        found = table(table(value).get(key)).get("list")
        yield from found if isinstance(found, list) else ()


def _names(chats: list[Any]) -> dict[str, str]:
    names: dict[str, str] = {}
    for chat in chats:
        for message in tables(table(chat).get("messages")):
            identifier = word(message.get("from_id"))
            if identifier and not names.get(identifier):
                # Accounts that were deleted have an id and no name.
                names[identifier] = word(message.get("from"))
    return speaker_names(names)


def _row(message: Any, names: Mapping[str, str], parsed: Parsed) -> RawUtterance | None:
    if not isinstance(message, Mapping):
        parsed.left_out["entries that are no messages"] += 1
        return None
    if message.get("type", "message") != "message":
        parsed.left_out["service messages (calls, joins, pins)"] += 1
        return None
    text = telegram_text(message.get("text"))
    if text is None:
        text = telegram_text(message.get("text_entities"))
    media = any(message.get(key) for key in _MEDIA)
    extra: dict[str, Any] = {}
    if not (text or "").strip():
        emoji = message.get("sticker_emoji")
        if not isinstance(emoji, str) or not emoji.strip():
            parsed.left_out["media without text" if media else "messages without text"] += 1
            return None
        text, extra["media"] = emoji, "sticker"
    elif media:
        extra["media"] = word(message.get("media_type")) or ("photo" if message.get("photo") else "file")
    for key, name in (("reply_to_message_id", "reply_to"), ("forwarded_from", "forwarded_from")):
        if word(message.get(key)):
            extra[name] = word(message[key])
    if message.get("edited") or message.get("edited_unixtime"):
        extra["edited"] = True
    start = message.get("date_unixtime")
    return RawUtterance(
        text=text,
        speaker=names.get(word(message.get("from_id"))) or message.get("from"),
        id=message.get("id"),
        start=start if word(start) else message.get("date"),
        extra=extra,
    )


def telegram_text(value: Any) -> str | None:
    """Text of a string, or of a list of strings and ``{"type", "text"}`` entities; None for anything else."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return None
    pieces = [piece if isinstance(piece, str) else table(piece).get("text") for piece in value]
    return "".join(piece for piece in pieces if isinstance(piece, str))
