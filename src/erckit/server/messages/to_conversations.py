"""From a request's body to conversations: ids filled in, bounds kept."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from erckit.conversation import Conversation, Utterance
from erckit.readers.build_conversation import UNKNOWN_SPEAKER
from erckit.readers.clean_text import clean_text
from erckit.server.guards.limits import Limits
from erckit.server.guards.refusal import Refusal
from erckit.server.messages.questions import ConversationQuestion, ExplainedConversation, UtteranceQuestion

AnyConversation = ConversationQuestion | ExplainedConversation


def to_conversations(asked: Sequence[AnyConversation], limits: Limits, lasting: bool = False) -> list[Conversation]:
    """Conversations as the labeler takes them; their number was looked at when the body was read.

    Args:
        asked: As they came.
        limits: Bounds.
        lasting: They are remembered: an id that is made up must be like no other ever.

    Raises:
        Refusal: 422 for a text that is too long or an id that stands twice.
    """
    ids = [one.id or (f"c-{uuid.uuid4().hex[:16]}" if lasting else f"c{n}") for n, one in enumerate(asked, start=1)]
    _refuse_repeated(ids, "conversation")
    return [_conversation(name, one.utterances, limits) for name, one in zip(ids, asked, strict=True)]


def refuse_more_conversations(number: int, limits: Limits) -> None:
    """Refuse more conversations than a request may hold.

    Raises:
        Refusal: 413.
    """
    if number > limits.conversations:
        raise Refusal(
            413,
            "too_many_conversations",
            f"{number:,} conversations in a request; {limits.conversations:,} are allowed. Send several requests.",
        )


def refuse_more_utterances(number: int, limits: Limits) -> None:
    """Refuse more utterances than a request may hold.

    Raises:
        Refusal: 413.
    """
    if number > limits.utterances:
        raise Refusal(
            413,
            "too_many_utterances",
            f"{number:,} utterances in a request; {limits.utterances:,} are allowed. Send several requests.",
        )


def checked_text(text: str, limits: Limits, where: str) -> str:
    """A text as the models read it.

    Raises:
        Refusal: 422, it is too long.
    """
    if len(text) > limits.characters:
        raise Refusal(
            422,
            "text_too_long",
            f"{where} has {len(text):,} characters; {limits.characters:,} are allowed. Shorten or split it.",
        )
    return clean_text(text)


def checked_speaker(speaker: str) -> str:
    """A speaker's name as the models and the memory know it."""
    return clean_text(speaker) or UNKNOWN_SPEAKER


def _conversation(name: str, asked: Sequence[UtteranceQuestion], limits: Limits) -> Conversation:
    taken = {one.id for one in asked}
    ids = []
    for number, one in enumerate(asked, start=1):
        made = f"u{number:03d}"
        while one.id is None and made in taken:
            made += "-"
        ids.append(one.id or made)
    _refuse_repeated(ids, "utterance")
    return Conversation(
        name,
        tuple(
            Utterance(
                identifier,
                checked_speaker(one.speaker),
                checked_text(one.text, limits, f"utterance '{identifier}'"),
                start=one.time,
            )
            for identifier, one in zip(ids, asked, strict=True)
        ),
    )


def _refuse_repeated(ids: Sequence[str], what: str) -> None:
    seen: set[str] = set()
    for identifier in ids:
        if identifier in seen:
            raise Refusal(422, "repeated_id", f"the {what} id '{identifier}' stands twice. Give each its own.")
        seen.add(identifier)
