"""The text of a Slack message, with names in place of ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from erckit.readers.formats.chat_json import table, tables

_MARKUP = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
# Slack escapes these three characters and no others.
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_MAX_DEPTH = 12
_MAX_NAME = 256


def slack_text(message: Mapping[str, Any], users: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """Text of a message, else of its blocks, else of its attachments.

    Args:
        message: As exported.
        users: Name of each user id.
        channels: Name of each channel id.
    """
    text = message.get("text")
    if not isinstance(text, str) or not text.strip():
        text = "\n".join(filter(None, (_block_text(block) for block in tables(message.get("blocks")))))
    if not text.strip():
        found = (table(one).get("text") or table(one).get("fallback") for one in tables(message.get("attachments")))
        text = "\n".join(one for one in found if isinstance(one, str))
    text = _MARKUP.sub(lambda match: _shown(match[1], match[2], users, channels), text)
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def _shown(target: str, label: str | None, users: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """What Slack shows for ``<target|label>``."""
    kind, name = target[:1], target[1:]
    if kind == "@":
        return f"@{users.get(name) or label or name}"
    if kind == "#":
        return f"#{label or channels.get(name, name)[:_MAX_NAME]}"
    if kind == "!":
        # <!here>, <!subteam^S1|@team>, <!date^1700000000^{date}|14 November>
        return label or f"@{name.partition('^')[0]}"
    return label or target.removeprefix("mailto:")


def _block_text(block: Any, depth: int = 0) -> str:
    """Texts of a block of rich text in order."""
    if depth > _MAX_DEPTH:
        return ""
    text = table(block).get("text")
    if isinstance(text, str):
        return text
    if isinstance(text, Mapping):
        return _block_text(text, depth + 1)
    kind = table(block).get("type")
    if kind == "user":
        return f"<@{table(block).get('user_id')}>"
    if kind == "channel":
        return f"<#{table(block).get('channel_id')}>"
    if kind == "emoji":
        return f":{table(block).get('name')}:"
    if kind == "link":
        url = table(block).get("url")
        return url if isinstance(url, str) else ""
    inner = (_block_text(element, depth + 1) for element in tables(table(block).get("elements")))
    return "".join(inner)
