"""The uniform format: one conversation in JSON per line."""

from __future__ import annotations

import json
from typing import Any

from erckit.errors import FormatError
from erckit.readers.formats.json_conversation import conversation_id, json_conversation, parse_json
from erckit.readers.report import Skipped
from erckit.readers.source import BadConversationError, Parsed, Source


class JsonlReader:
    """Reads ``{"id", "utterances": [{"id", "speaker", "text", "emotion", ...}], "meta"}`` lines.

    A whole file that is one JSON value (a conversation over many lines, or a list of conversations) is
    read as well. A line that is no conversation is skipped.
    """

    def read(self, source: Source) -> Parsed:
        """All conversations of ``source``; see :class:`Reader`."""
        parsed = Parsed()
        if _may_be_one_value(source.text):
            try:
                whole = parse_json(source.text.replace("\0", ""))
            except BadConversationError as error:
                self._read_lines(source, parsed)
                if not parsed.conversations:  # no lines of JSON either: the file was meant as one value
                    fix = "Mend the file, or write one conversation in JSON per line."
                    line = None if "\n" in source.text.strip() else 1
                    raise FormatError(source.path, f"cannot be read: {error}", fix, line) from None
                return parsed
            for position, value in enumerate(whole if isinstance(whole, list) else [whole], start=1):
                self._add(source, parsed, value, 1, position, json.dumps(value))
            return parsed
        self._read_lines(source, parsed)
        return parsed

    def _read_lines(self, source: Source, parsed: Parsed) -> None:
        position = 0
        for line, raw in enumerate(source.text.split("\n"), start=1):
            if not raw.strip().strip("\0"):
                continue
            position += 1
            try:
                value = parse_json(raw.replace("\0", ""))
            except BadConversationError as error:
                parsed.skipped.append(Skipped(str(source.path), line, None, str(error), raw))
                continue
            self._add(source, parsed, value, line, position, raw)

    def _add(self, source: Source, parsed: Parsed, value: Any, line: int, position: int, raw: str) -> None:
        try:
            conversation = json_conversation(value, f"{source.path.stem}-{position}", source.label_set, parsed.notes)
        except BadConversationError as error:
            reason = str(error)
            parsed.skipped.append(Skipped(str(source.path), line, conversation_id(value), reason, raw))
        else:
            parsed.conversations.append(conversation)


def _may_be_one_value(text: str) -> bool:
    """Whether the file may be one JSON value: a list, or an object that does not end on its first line."""
    start = text.lstrip()
    if start.startswith("["):
        return True
    if not start.startswith("{"):
        return False
    try:
        parse_json(start.split("\n", 1)[0].replace("\0", ""))
    except BadConversationError:
        return True
    return False
