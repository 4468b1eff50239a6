"""ChatGPT's ``conversations.json``: every chat is a tree of messages, of which one path was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from erckit.readers.build_conversation import RawUtterance, add_conversation
from erckit.readers.formats.chat_json import chat_json, table, word
from erckit.readers.report import Skipped
from erckit.readers.source import Parsed, Source

_SPEAKERS = ("user", "assistant")
_TEXT_KINDS = frozenset({"text", "multimodal_text", ""})


class ChatGptReader:
    """Reads the export of ChatGPT; every chat is a conversation between ``user`` and ``assistant``.

    The path from ``current_node`` up to the root is read; other branches are drafts that were given up, and are
    counted. Left out and counted, too: system and hidden messages, calls of tools and their answers, thoughts,
    code, and images without text.
    """

    def read(self, source: Source) -> Parsed:
        """All chats of ``source``; see :class:`Reader`."""
        parsed = Parsed()
        value = chat_json(source)
        for position, chat in enumerate(value if isinstance(value, list) else [value], start=1):
            title = word(table(chat).get("title"))
            identifier = word(table(chat).get("conversation_id")) or word(table(chat).get("id")) or title
            identifier = identifier or f"{source.path.stem}-{position}"
            mapping = table(chat).get("mapping")
            if not isinstance(mapping, Mapping):
                reason = "it has no 'mapping' of messages; export your data again"
                parsed.skipped.append(Skipped(str(source.path), 1, identifier, reason))
                continue
            path = _path(chat, mapping, parsed)
            rows = [row for node in path if (row := _row(table(mapping.get(node)).get("message"), parsed)) is not None]
            others = set(mapping) - set(path)
            drafts = sum(_is_said(table(mapping[node]).get("message")) for node in others)
            parsed.left_out["messages of drafts that were given up (other branches)"] += drafts
            add_conversation(parsed, source, identifier, rows, {"title": title} if title else {})
        return parsed


def _path(chat: Mapping[str, Any], mapping: Mapping[str, Any], parsed: Parsed) -> list[str]:
    """Ids of the nodes from the root to the one that was shown last."""
    node: Any = chat.get("current_node")
    if not isinstance(node, str) or node not in mapping:
        parsed.notes["chats that do not say which branch was read last; the latest message decides"] += 1
        node = _latest(mapping)
    path: dict[str, None] = {}
    while isinstance(node, str) and node in mapping and node not in path:
        path[node] = None
        node = table(mapping[node]).get("parent")
    return list(path)[::-1]


def _latest(mapping: Mapping[str, Any]) -> str | None:
    """The node without children whose message was written last; of equals the one that stands last."""
    latest: tuple[float, int] | None = None
    chosen = None
    for place, (node, content) in enumerate(mapping.items()):
        if table(content).get("children"):
            continue
        time = table(table(content).get("message")).get("create_time")
        rank = (float(time) if isinstance(time, (int, float)) and abs(time) < 1e15 else 0.0, place)
        if latest is None or rank > latest:
            latest, chosen = rank, node
    return chosen if chosen is not None else next(reversed(list(mapping)), None)


def _row(message: Any, parsed: Parsed) -> RawUtterance | None:
    if not isinstance(message, Mapping):  # the root, and messages that were taken away, are null
        return None
    reason = _why_not(message)
    if reason is not None:
        parsed.left_out[reason] += 1
        return None
    text, media = _text(table(message.get("content")))
    if not text.strip():
        parsed.left_out["media without text" if media else "messages without text"] += 1
        return None
    extra = {"media": True} if media else {}
    role = word(table(message.get("author")).get("role"))
    return RawUtterance(text=text, speaker=role, id=message.get("id"), start=message.get("create_time"), extra=extra)


def _is_said(message: Any) -> bool:
    return isinstance(message, Mapping) and _why_not(message) is None


def _why_not(message: Mapping[str, Any]) -> str | None:
    """Why a message is no part of the talk, or None."""
    role = word(table(message.get("author")).get("role"))
    metadata = table(message.get("metadata"))
    if role == "tool":
        return "answers of tools"
    if role not in _SPEAKERS:
        return "system messages"
    if metadata.get("is_visually_hidden_from_conversation") or metadata.get("is_user_system_message"):
        return "hidden messages (custom instructions, memory)"
    if message.get("weight") == 0:
        return "hidden messages (custom instructions, memory)"
    if word(message.get("recipient")) not in ("", "all"):
        return "calls of tools"
    kind = word(table(message.get("content")).get("content_type"))
    return None if kind in _TEXT_KINDS else f"content of the kind '{kind[:40]}'"


def _text(content: Mapping[str, Any]) -> tuple[str, bool]:
    """Text of a message, and whether it has parts that are none."""
    parts = content.get("parts")
    if not isinstance(parts, list):
        text = content.get("text")
        return (text if isinstance(text, str) else ""), False
    texts: list[str] = []
    media = False
    for part in parts:
        # What was spoken comes as {"content_type": "audio_transcription", "text": ...}.
        text = part if isinstance(part, str) else table(part).get("text")
        if isinstance(text, str):
            texts.append(text)
        else:
            media = media or part is not None
    return "\n".join(texts), media
