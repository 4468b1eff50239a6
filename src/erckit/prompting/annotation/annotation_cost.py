"""What annotations would cost, before any is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from erckit.conversation import Conversation
from erckit.prompting.annotation.biography_plan import biography_plan
from erckit.prompting.annotation.biography_request import growing_request, whole_request
from erckit.prompting.annotation.biography_settings import BiographySettings
from erckit.prompting.annotation.characteristic_request import characteristic_request
from erckit.prompting.engines.request import Request

_WORD = "word "


@dataclass(frozen=True, slots=True)
class AnnotationCost:
    """An estimate.

    Args:
        requests: How many texts are written.
        tokens: Of prompts and longest answers together.
    """

    requests: int
    tokens: int

    def text(self) -> str:
        """The estimate in words."""
        return f"{self.requests:,} requests, about {self.tokens:,} tokens at most"


def annotation_cost(
    conversations: Sequence[Conversation],
    settings: BiographySettings,
    elements: Sequence[str] = (),
    anonymous: Collection[str] = (),
) -> AnnotationCost:
    """Estimate what a run costs when nothing of it is in the cache.

    Args:
        conversations: What is annotated.
        settings: Of biographies.
        elements: Characteristics to write; empty for biographies.
        anonymous: Generic names of the corpus.
    """
    count = tokens = 0
    for request in _requests(conversations, settings, elements, anonymous):
        count, tokens = count + 1, tokens + request.tokens
    return AnnotationCost(count, tokens)


def _requests(
    conversations: Sequence[Conversation],
    settings: BiographySettings,
    elements: Sequence[str],
    anonymous: Collection[str],
) -> Iterator[Request]:
    if elements:
        for conversation in conversations:
            for t in range(len(conversation)):
                for element in elements:
                    yield characteristic_request(conversation, t, element, 12)
        return
    if not settings.is_causal:
        for conversation in conversations:
            for name in conversation.speakers:
                yield whole_request(name, conversation, settings.words)
        return
    for plan in biography_plan(conversations, settings, anonymous):
        for number, chunk in enumerate(plan.chunks[: plan.used]):
            before = _WORD * settings.words if number else ""  # what the version before will be like
            yield growing_request(
                plan.name, before, [conversations[c].utterances[u].text for c, u in chunk], settings.words
            )
