"""ConvoKit corpora: a folder of ``utterances.jsonl`` and files about speakers and conversations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from erckit.errors import FormatError
from erckit.readers.build_conversation import RawUtterance, add_conversation
from erckit.readers.detect.decode_file import decode_bytes
from erckit.readers.formats.chat_json import loads, table, word
from erckit.readers.formats.json_conversation import is_deep
from erckit.readers.formats.reply_order import reply_order
from erckit.readers.parse_seconds import parse_seconds
from erckit.readers.report import Skipped
from erckit.readers.source import BadConversationError, FileTree, Parsed, Source

_OWN_KEYS = frozenset(
    {"id", "speaker", "user", "conversation_id", "root", "conversation", "reply-to", "reply_to", "timestamp", "text"}
)


@dataclass(frozen=True, slots=True)
class _Row:
    """An utterance and where it stands in the tree of replies."""

    id: str
    reply_to: str
    time: float | None
    raw: RawUtterance


class ConvoKitReader:
    """Reads a ConvoKit corpus, its ``utterances.jsonl`` alone, or any file of one utterance in JSON per line.

    Utterances stand in the order they were made, a reply never before what it answers; without times, replies
    follow what they answer, depth first. Speakers keep their ids, which are unique in a corpus; a name that
    ``speakers.json`` gives is in ``extra["speaker_name"]``. Metadata goes to ``extra`` and ``meta``.
    """

    def read(self, source: Source) -> Parsed:
        """All conversations of ``source``; see :class:`Reader`."""
        parsed = Parsed()
        text, path = source.text, source.path
        speakers: Mapping[str, Any] = {}
        conversations: Mapping[str, Any] = {}
        if source.tree is not None:
            name = _find(source.tree, "utterances.jsonl") or _find(source.tree, "utterances.json")
            if name is None:
                raise FormatError(source.path, "holds no 'utterances.jsonl'", "Name the folder of a ConvoKit corpus.")
            path = source.path / name
            text = decode_bytes(path, source.tree.read(name))
            speakers = _beside(source.tree, name, ("speakers.json", "users.json"), parsed)
            conversations = _beside(source.tree, name, ("conversations.json",), parsed)
        groups: dict[str, list[_Row]] = {}
        lines: dict[str, int] = {}
        for line, value, raw in _values(text):
            try:
                conversation, row = _row(value() if callable(value) else value, speakers)
            except BadConversationError as error:
                parsed.skipped.append(Skipped(str(path), line, None, str(error), raw, "utterance"))
                continue
            groups.setdefault(conversation, []).append(row)
            lines.setdefault(conversation, line)
        for conversation, rows in groups.items():
            order = reply_order([(row.id, row.reply_to, row.time) for row in rows], parsed.notes)
            meta = _meta(table(conversations.get(conversation)))
            name = conversation or source.path.stem
            add_conversation(
                parsed, source, name, [rows[place].raw for place in order], meta, lines[conversation], path
            )
        return parsed


def _find(tree: FileTree, base: str) -> str | None:
    """The file called ``base`` that lies highest."""
    found = [name for name in tree.names if PurePosixPath(name).name == base]
    return min(found, key=lambda name: (name.count("/"), name), default=None)


def _beside(tree: FileTree, name: str, bases: tuple[str, ...], parsed: Parsed) -> Mapping[str, Any]:
    """Content of the first of ``bases`` that lies beside the utterances; empty where there is none."""
    for base in bases:
        other = (PurePosixPath(name).parent / base).as_posix()
        if other in tree.names:
            try:
                return table(loads(tree.read(other)))
            except BadConversationError as error:
                parsed.notes[f"'{base}' cannot be read ({error}); the corpus is read without it."] += 1
    return {}


def _values(text: str) -> Iterator[tuple[int, Any, str]]:
    """Line, value (or a call that decodes it) and raw text of every utterance: a list in JSON, or one per line."""
    if text.lstrip("\ufeff \n\t").startswith("["):
        try:
            whole = loads(text)
        except BadConversationError:
            whole = None
        if isinstance(whole, list):
            yield from ((1, value, "") for value in whole)
            return
    for line, raw in enumerate(text.split("\n"), start=1):
        if raw.strip("\0 \t\ufeff"):
            yield line, (lambda raw=raw: loads(raw)), raw


def _row(value: Any, speakers: Mapping[str, Any]) -> tuple[str, _Row]:
    if not isinstance(value, Mapping):
        raise BadConversationError("it is no object with 'id', 'speaker' and 'text'")
    if is_deep(value):
        raise BadConversationError("it is nested too deeply for an utterance")
    if not isinstance(value.get("text"), str):
        raise BadConversationError("it has no 'text'")
    conversation = next((word(value[key]) for key in ("conversation_id", "root", "conversation") if key in value), "")
    speaker = value.get("speaker", value.get("user"))
    if isinstance(speaker, Mapping):
        speaker = speaker.get("id", speaker.get("name"))
    extra = {key: entry for key, entry in value.items() if key not in _OWN_KEYS | {"meta", "vectors"}}
    extra |= _meta(value)
    about = _meta(table(speakers.get(word(speaker))))
    name = word(about.get("name")) or word(about.get("character_name"))
    if name and name != word(speaker):
        extra["speaker_name"] = name
    reply = word(value.get("reply-to", value.get("reply_to")))
    if reply:
        extra["reply_to"] = reply
    start = value.get("timestamp", extra.pop("start", extra.pop("time", None)))
    raw = RawUtterance(
        text=value["text"], speaker=speaker, id=value.get("id"), start=start, end=extra.pop("end", None), extra=extra
    )
    return conversation, _Row(word(value.get("id")), reply, parse_seconds(start), raw)


def _meta(value: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata of a speaker, conversation or utterance; corpora before 2020 have it at the top."""
    meta = value.get("meta")
    return dict(meta) if isinstance(meta, Mapping) else {}
