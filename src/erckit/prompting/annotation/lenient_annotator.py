"""Annotations for labelling: what cannot be had is left out of the prompts, and one note says so."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from erckit.conversation import Conversation
from erckit.errors import AnnotationError
from erckit.prompting.annotation.annotator import Annotator, Characteristics, Told
from erckit.prompting.annotation.biography_settings import BiographySettings
from erckit.prompting.annotation.elements import DEFAULT_ELEMENTS
from erckit.prompting.annotation.grow_biographies import WrittenBiographies
from erckit.prompting.annotation.model_annotator import ModelAnnotator

T = TypeVar("T")
_TOLD: set[tuple[str, str]] = set()  # of which writers and annotations this process has told that they are missing


class LenientAnnotator(Annotator):
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

    def _biographies(
        self, conversations: Sequence[Conversation], settings: BiographySettings, told: Told
    ) -> WrittenBiographies:
        """See :class:`Annotator`; without any, a speaker has the biography that is known already, or none."""
        before = {name: biography.text for name, biography in (told.known or {}).items()}

        def write(writer: Annotator, chosen: Sequence[Conversation]) -> WrittenBiographies:
            return writer._biographies(chosen, settings, told)

        def blank(conversation: Conversation) -> tuple[str, ...]:
            return tuple(before.get(utterance.speaker, "") for utterance in conversation.utterances)

        if self._is_file:
            rows = self._each(conversations, lambda w, one: write(w, one).per_utterance[0], blank, "biographies")
            return WrittenBiographies(rows, settings.is_causal)
        nobody = WrittenBiographies([*map(blank, conversations)], settings.is_causal, {}, range(len(conversations)))
        return self._all(conversations, write, nobody, "biographies", lambda written: len(written.lacking))

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
        nothing = [*map(blank, conversations)]
        return self._all(conversations, write, nothing, "characteristics", lambda rows: sum(not any(r) for r in rows))

    def _all(
        self,
        conversations: Sequence[Conversation],
        write: Callable[[Annotator, Sequence[Conversation]], T],
        nothing: T,
        what: str,
        missing: Callable[[T], int],
    ) -> T:
        """What a model says of all conversations; where it fails, what is kept of its answers, or nothing."""
        writer: Annotator | None = None
        try:
            writer = self._open()
            return write(writer, conversations)
        except AnnotationError as error:
            had = write(writer.kept(), conversations) if isinstance(writer, ModelAnnotator) else nothing
            self._tell(what, missing(had), len(conversations), str(error))
            return had

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
