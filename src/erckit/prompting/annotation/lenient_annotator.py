"""Annotations for labelling: what cannot be had is left out of the prompts, and one note says so."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from erckit.conversation import Conversation
from erckit.errors import AnnotationError
from erckit.prompting.annotation.annotator import Annotator, Characteristics
from erckit.prompting.annotation.biography_settings import BiographySettings
from erckit.prompting.annotation.elements import DEFAULT_ELEMENTS
from erckit.prompting.annotation.written_biographies import WrittenBiographies

T = TypeVar("T")
_TOLD: set[tuple[str, str]] = set()  # of which writers and annotations this process has told that they are missing


class LenientAnnotator:
    """Goes on where a file has no annotations of a conversation, or a server does not answer.

    A model is trained with annotations of its corpus; somebody else's conversations have none until they are written.
    Training and evaluation do not go on.

    Args:
        open_writer: Opens the annotator.
        source: What it is, such as its file or address; there is one note about each.
        is_file: Whether it finds annotations conversation by conversation; the others are then kept.
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
        known: Mapping[str, str] | None = None,
        labels: Sequence[Sequence[str | None]] | None = None,
        keeps_last: bool = False,
    ) -> WrittenBiographies:
        """See :class:`Annotator`; without any, a speaker has the biography that is known already, or none."""
        told = known or {}
        whole: list[WrittenBiographies] = []

        def write(writer: Annotator, chosen: Sequence[Conversation]) -> list[tuple[str, ...]]:
            found = writer.biographies(
                chosen, settings, anonymous=anonymous, known=known, labels=labels, keeps_last=keeps_last
            )
            whole.append(found)
            return found.per_utterance

        def blank(conversation: Conversation) -> tuple[str, ...]:
            return tuple(told.get(utterance.speaker, "") for utterance in conversation.utterances)

        rows = self._each(conversations, write, blank, "biographies")
        if len(whole) == 1 and not self._is_file:
            return whole[0]
        return WrittenBiographies(rows, settings.is_causal)

    def characteristics(
        self, conversations: Sequence[Conversation], elements: Sequence[str] = DEFAULT_ELEMENTS, window: int = 12
    ) -> list[Characteristics]:
        """See :class:`Annotator`; without any, an utterance has none."""

        def write(writer: Annotator, chosen: Sequence[Conversation]) -> list[Characteristics]:
            return writer.characteristics(chosen, elements, window)

        return self._each(conversations, write, lambda one: tuple({} for _ in one.utterances), "characteristics")

    def _each(
        self,
        conversations: Sequence[Conversation],
        write: Callable[[Annotator, Sequence[Conversation]], list[T]],
        blank: Callable[[Conversation], T],
        what: str,
    ) -> list[T]:
        parts = [[one] for one in conversations] if self._is_file else [list(conversations)]
        found: list[T] = []
        missing = 0
        first = ""
        try:
            writer: Annotator | None = self._open()
        except AnnotationError as error:
            writer, first = None, str(error)
        for part in parts:
            try:
                if writer is None:
                    raise AnnotationError(first)
                found += write(writer, part)
            except AnnotationError as error:
                found += [blank(one) for one in part]
                missing += len(part)
                first = first or str(error)
        if missing and (self._source, what) not in _TOLD and sys.stderr is not None:
            _TOLD.add((self._source, what))
            line = (
                f"note: {missing:,} of {len(conversations):,} conversations are labelled without {what}, which the "
                f"model was trained with ({first}) Write them with 'erckit annotate FILE --what {what} --out A.jsonl' "
                "and label with --annotations A.jsonl."
            )
            sys.stderr.write(f"{' '.join(line.split())}\n")
        return found
