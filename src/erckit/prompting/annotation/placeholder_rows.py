"""Annotations that nobody wrote, as long as written ones, so that a cost can be told before anything is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from erckit.conversation import Conversation
from erckit.prompting.annotation.annotation_rows import AnnotationRow, rows_of
from erckit.prompting.annotation.biography_plan import biography_plan
from erckit.prompting.annotation.biography_settings import BiographySettings

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
