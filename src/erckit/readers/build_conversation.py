"""From raw fields to a Conversation: the one place that cleans, checks and fills in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from erckit.conversation import Conversation, Utterance
from erckit.errors import nearest
from erckit.labels import LabelSet
from erckit.readers.clean_text import clean_text, has_dropped_characters, well_formed
from erckit.readers.parse_seconds import parse_seconds
from erckit.readers.report import Skipped
from erckit.readers.source import BadConversationError, Parsed, Source

UNKNOWN_SPEAKER = "Unknown"


@dataclass(frozen=True, slots=True)
class RawUtterance:
    """Fields of an utterance as they stand in a file; None where a field is absent.

    Args:
        text: Must be a string; may be empty.
        speaker, id, label, start, end: As read.
        extra: Fields erckit has no name for.
    """

    text: object
    speaker: object = None
    id: object = None
    label: object = None
    start: object = None
    end: object = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def build_conversation(
    conversation_id: str,
    rows: Sequence[RawUtterance],
    meta: Mapping[str, Any],
    label_set: LabelSet | None,
    notes: Counter[str],
) -> Conversation:
    """Conversation of ``rows``: texts cleaned, missing ids and speakers filled in, labels checked.

    Args:
        conversation_id: Its id; cleaned like a text.
        rows: Its utterances in order.
        meta: Passed on.
        label_set: Labels allowed, or None for any.
        notes: Counts every change that was made.

    Raises:
        BadConversationError: No utterance, an utterance without text, or a label outside the set.
    """
    if not rows:
        raise BadConversationError("it has no utterances; add one or leave the conversation out")
    ids = _unique_ids([_scalar_text(row.id) for row in rows], notes)
    utterances = [
        _build_utterance(row, utterance_id, position, label_set, notes)
        for position, (row, utterance_id) in enumerate(zip(rows, ids, strict=True), start=1)
    ]
    return Conversation(clean_text(conversation_id) or "conversation", tuple(utterances), well_formed(meta))


def unique_name(wanted: str, taken: Iterable[str] | Mapping[str, Any]) -> str:
    """``wanted``, or ``wanted#2``, ``wanted#3``, ... if it is taken."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}#{number}", number + 1
    return name


def _build_utterance(
    row: RawUtterance, utterance_id: str, position: int, label_set: LabelSet | None, notes: Counter[str]
) -> Utterance:
    if not isinstance(row.text, str):
        problem = "has no text" if row.text is None else f"has {type(row.text).__name__} {row.text!r:.40} as its text"
        raise BadConversationError(f"utterance {position} {problem}; give it a text, which may be empty")
    if has_dropped_characters(row.text):
        notes["utterances whose text had control characters, which were dropped"] += 1
    speaker = _scalar_text(row.speaker)
    if not speaker:
        notes[f"utterances without a speaker, now by '{UNKNOWN_SPEAKER}'"] += 1
    extra: dict[str, Any] = well_formed(row.extra) if row.extra else {}
    start, end = _seconds(row.start, "start", extra, notes), _seconds(row.end, "end", extra, notes)
    if start is not None and end is not None and end < start:
        notes["utterances that end before they start; their end is kept as it stands"] += 1
        extra["end"], end = well_formed(row.end), None
    return Utterance(
        id=utterance_id,
        speaker=speaker or UNKNOWN_SPEAKER,
        text=clean_text(row.text),
        label=_label(row.label, position, label_set),
        start=start,
        end=end,
        extra=extra,
    )


def _label(value: object, position: int, label_set: LabelSet | None) -> str | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    label = _scalar_text(value)
    if not label:
        raise BadConversationError(f"utterance {position} has {value!r:.40} as its label; a label is a word or null")
    if label_set is None or label in label_set:
        return label
    same = [known for known in label_set.labels if known.casefold() == label.casefold()]
    if len(same) == 1:
        return same[0]
    hint = nearest(label[:40], label_set.labels).rstrip(".")
    raise BadConversationError(
        f"utterance {position} has the label '{label[:40]}', which the label set lacks ({hint[0].lower()}{hint[1:]})"
    )


def _seconds(value: object, name: str, extra: dict[str, Any], notes: Counter[str]) -> float | None:
    if value is None or value == "":
        return None
    seconds = parse_seconds(value)
    if seconds is None:
        notes[f"values of '{name}' that are no time, kept as they stand"] += 1
        extra[name] = well_formed(value)
    return seconds


def _unique_ids(ids: Sequence[str | None], notes: Counter[str]) -> list[str]:
    taken = {identifier for identifier in ids if identifier}
    used: dict[str, None] = {}
    last: dict[str, int] = {}
    for position, identifier in enumerate(ids, start=1):
        wanted = identifier or f"u{position:03d}"
        if not identifier and wanted in taken:
            wanted = unique_name(wanted, taken)
        if wanted in used:
            notes["repeated utterance ids, made unique with a suffix"] += 1
            # Continue counting where the last repeat stopped: thousands of equal ids stay linear.
            number = last.get(wanted, 1) + 1
            while f"{wanted}#{number}" in used or f"{wanted}#{number}" in taken:
                number += 1
            last[wanted] = number
            wanted = f"{wanted}#{number}"
        used[wanted] = None
    return list(used)


def _scalar_text(value: object) -> str | None:
    """A name or id as text; None for nothing, an empty text, or a list or table."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        return clean_text(str(value)) or None
    except ValueError:  # an integer of more than 4,300 digits
        return None


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
