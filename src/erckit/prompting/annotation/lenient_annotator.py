"""Annotations for labelling: what cannot be had is left out of the prompts, and one note says so."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from erckit.conversation import Conversation
from erckit.errors import AnnotationError
from erckit.memory.biography import Biography
from erckit.prompting.annotation.annotator import Annotator, Characteristics
from erckit.prompting.annotation.biography_settings import BiographySettings
from erckit.prompting.annotation.elements import DEFAULT_ELEMENTS
from erckit.prompting.annotation.grow_biographies import WrittenBiographies
from erckit.prompting.annotation.model_annotator import ModelAnnotator

T = TypeVar("T")
_TOLD: set[tuple[str, str]] = set()  # of which writers and annotations this process has told that they are missing


class LenientAnnotator:
    """Goes on where a file has no annotations of a conversation, or a model does not answer.

    A model is trained with annotations of its corpus; somebody else's conversations have none until they are written.
    Training and evaluation do not go on.

    Args:
        open_writer: Opens the annotator.
        source: What it is, such as its file or address; there is one note about each.
        is_file: Whether it finds annotations conversation by conversation. Of another one, what it answered before it
            failed is taken: that is kept.
    """

    def __init__(self, open_writer: Callable[[], Annotator], source: str, is_file: bool) -> None:
        self._open, self._source, self._is_file = open_writer, source, is_file

    @property
    def name(self) -> str:
        """Who writes.

        Raises:
            AnnotationError: Nobody can.
        """
        return self._open().name

    def biographies(
        self,
        conversations: Sequence[Conversation],
        settings: BiographySettings,
        *,
        anonymous: Collection[str] = (),
        known: Mapping[str, Biography] | None = None,
        labels: Sequence[Sequence[str | None]] | None = None,
        keeps_last: bool = False,
    ) -> WrittenBiographies:
        """See :class:`Annotator`; without any, a speaker has the biography that is known already, or none."""
        told = {name: biography.text for name, biography in (known or {}).items()}

        def write(writer: Annotator, chosen: Sequence[Conversation]) -> WrittenBiographies:
            return writer.biographies(
                chosen, settings, anonymous=anonymous, known=known, labels=labels, keeps_last=keeps_last
            )

        def blank(conversation: Conversation) -> tuple[str, ...]:
            return tuple(told.get(utterance.speaker, "") for utterance in conversation.utterances)

        if self._is_file:
            rows = self._each(conversations, lambda w, one: write(w, one).per_utterance[0], blank, "biographies")
            return WrittenBiographies(rows, settings.is_causal)
        writer: Annotator | None = None
        try:
            writer = self._open()
            return write(writer, conversations)
        except AnnotationError as error:
            if isinstance(writer, ModelAnnotator):
                written = write(writer.kept(), conversations)
            else:
                nobody = range(len(conversations))
                written = WrittenBiographies([blank(one) for one in conversations], settings.is_causal, {}, nobody)
            self._tell("biographies", len(written.lacking), len(conversations), str(error))
            return written

    def characteristics(
        self, conversations: Sequence[Conversation], elements: Sequence[str] = DEFAULT_ELEMENTS, window: int = 12
    ) -> list[Characteristics]:
        """See :class:`Annotator`; a conversation of which one cannot be had has none."""

        def write(writer: Annotator, chosen: Sequence[Conversation]) -> list[Characteristics]:
            return writer.characteristics(chosen, elements, window)

        def blank(conversation: Conversation) -> Characteristics:
            return tuple({} for _ in conversation.utterances)

        if self._is_file:
            return self._each(conversations, lambda w, one: write(w, one)[0], blank, "characteristics")
        writer: Annotator | None = None
        try:
            writer = self._open()
            return write(writer, conversations)
        except AnnotationError as error:
            if isinstance(writer, ModelAnnotator):
                rows = write(writer.kept(), conversations)
            else:
                rows = [blank(one) for one in conversations]
            missing = sum(1 for one in rows if not any(one))
            self._tell("characteristics", missing, len(conversations), str(error))
            return rows

    def _each(
        self,
        conversations: Sequence[Conversation],
        write: Callable[[Annotator, Sequence[Conversation]], T],
        blank: Callable[[Conversation], T],
        what: str,
    ) -> list[T]:
        """What a file has of each conversation."""
        found: list[T] = []
        missing, first = 0, ""
        try:
            writer: Annotator | None = self._open()
        except AnnotationError as error:
            writer, first = None, str(error)
        for conversation in conversations:
            try:
                if writer is None:
                    raise AnnotationError(first)
                found.append(write(writer, [conversation]))
            except AnnotationError as error:
                found.append(blank(conversation))
                missing += 1
                first = first or str(error)
        self._tell(what, missing, len(conversations), first)
        return found

    def _tell(self, what: str, missing: int, count: int, reason: str) -> None:
        if missing and (self._source, what) not in _TOLD and sys.stderr is not None:
            _TOLD.add((self._source, what))
            line = (
                f"note: {missing:,} of {count:,} conversations are labelled without {what}, which the "
                f"model was trained with ({reason}) Write them with 'erckit annotate FILE --what {what} --out A.jsonl' "
                "and label with --annotations A.jsonl."
            )
            sys.stderr.write(f"{' '.join(line.split())}\n")
