"""Annotations in a file: one JSON object per utterance."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from erckit.conversation import Conversation
from erckit.errors import AnnotationError
from erckit.prompting.annotation.biography_plan import biography_plan
from erckit.prompting.annotation.biography_settings import BiographySettings
from erckit.prompting.annotation.elements import ELEMENTS
from erckit.storage.atomic import atomic_file


@dataclass(frozen=True, slots=True)
class AnnotationRow:
    """What is known of one utterance.

    Args:
        conversation: Id of its conversation.
        utterance: Its id.
        speaker: Who said it.
        biography: Of the speaker, or None where the file has none.
        is_causal: Whether the biography knows only what came before.
        characteristics: By ATOMIC element; may be empty.
        line: Line of the file; 0 where it comes from none.
    """

    conversation: str
    utterance: str
    speaker: str
    biography: str | None = None
    is_causal: bool = True
    characteristics: Mapping[str, str] = field(default_factory=dict)
    line: int = field(default=0, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """As the file has it."""
        row: dict[str, Any] = {"conversation": self.conversation, "utterance": self.utterance, "speaker": self.speaker}
        if self.biography is not None:
            row |= {"biography": self.biography, "causal": self.is_causal}
        if self.characteristics:
            row["characteristics"] = dict(self.characteristics)
        return row


def write_rows(path: Path, rows: Sequence[AnnotationRow]) -> None:
    """Write annotations, whole or not at all."""
    with atomic_file(path) as file:
        for row in rows:
            file.write(json.dumps(row.to_dict()) + "\n")  # ASCII, so that any text can be written


def read_rows(path: Path) -> Iterator[AnnotationRow]:
    """Annotations of a file, each checked.

    Raises:
        AnnotationError: The file or a line of it cannot be read; the message names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise AnnotationError(
            f"{path}: cannot be read ({problem}). Give a file as 'erckit annotate --out' writes it."
        ) from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _row(path, number, line)


def rows_of(
    conversations: Sequence[Conversation],
    biographies: Sequence[Sequence[str]] | None,
    is_causal: bool,
    characteristics: Sequence[Sequence[Mapping[str, str]]] | None,
) -> list[AnnotationRow]:
    """Annotations per conversation and utterance as rows of a file."""
    return [
        AnnotationRow(
            conversation.id,
            utterance.id,
            utterance.speaker,
            biographies[c][u] if biographies is not None else None,
            is_causal,
            characteristics[c][u] if characteristics is not None else {},
        )
        for c, conversation in enumerate(conversations)
        for u, utterance in enumerate(conversation.utterances)
    ]


def _row(path: Path, number: int, line: str) -> AnnotationRow:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise AnnotationError(f"{path}:{number}: is no JSON object. Give one per line.")
    for key in ("conversation", "utterance", "speaker"):
        if not isinstance(row.get(key), str):
            raise AnnotationError(f"{path}:{number}: '{key}' is {row.get(key)!r}. Give the {key} as text.")
    biography, found = row.get("biography"), row.get("characteristics", {})
    if biography is not None and not isinstance(biography, str):
        raise AnnotationError(f"{path}:{number}: 'biography' is {biography!r}. Give text, or leave it out.")
    if not isinstance(found, dict) or not all(k in ELEMENTS and isinstance(v, str) for k, v in found.items()):
        raise AnnotationError(
            f"{path}:{number}: 'characteristics' must map elements ({', '.join(ELEMENTS)}) to text, got {found!r}."
        )
    return AnnotationRow(
        row["conversation"], row["utterance"], row["speaker"], biography, row.get("causal") is True, found, number
    )


_WORD = "word"
_CHARACTERISTIC_WORDS = 10  # as many as are asked for at most


def placeholder_rows(
    conversations: Sequence[Conversation],
    settings: BiographySettings,
    elements: Sequence[str] = (),
    anonymous: Collection[str] = (),
) -> list[AnnotationRow]:
    """For every utterance a biography as long as it may be, where it has one by then, and characteristics.

    Args:
        conversations: What would be annotated, in file order.
        settings: Of biographies.
        elements: Characteristics.
        anonymous: Generic names of the corpus.
    """
    text = " ".join([_WORD] * settings.words)
    biographies = [[text] * len(conversation) for conversation in conversations]
    if settings.is_causal:
        for plan in biography_plan(conversations, settings, anonymous):
            for (c, u), version in plan.versions:
                biographies[c][u] = text if version else ""
    phrase = " ".join([_WORD] * _CHARACTERISTIC_WORDS)
    inferred: list[list[Mapping[str, str]]] = [
        [dict.fromkeys(elements, phrase) for _ in conversation.utterances] for conversation in conversations
    ]
    return rows_of(conversations, biographies, settings.is_causal, inferred)
