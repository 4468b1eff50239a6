"""Put a conversation into what was read, or say why it is skipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from erckit.readers.build_conversation import RawUtterance, build_conversation
from erckit.readers.report import Skipped
from erckit.readers.source import BadConversationError, Parsed, Source


def add_conversation(
    parsed: Parsed,
    source: Source,
    conversation_id: str,
    rows: Sequence[RawUtterance],
    meta: Mapping[str, Any] | None = None,
    line: int = 1,
    path: object = None,
) -> None:
    """Append the conversation of ``rows`` to ``parsed``, or a :class:`Skipped` with the reason.

    Args:
        parsed: What was found so far.
        source: Where it comes from.
        conversation_id: Its id.
        rows: Its utterances, in order.
        meta: What the source says about it.
        line: Where it begins.
        path: The file inside of an export, or None for the source itself.
    """
    try:
        if not rows:
            raise BadConversationError("it has no message with text")
        conversation = build_conversation(conversation_id, rows, meta or {}, source.label_set, parsed.notes)
    except BadConversationError as error:
        parsed.skipped.append(Skipped(str(path or source.path), line, conversation_id, str(error)))
    else:
        parsed.conversations.append(conversation)
