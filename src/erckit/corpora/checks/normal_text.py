"""When two texts say the same."""

from __future__ import annotations

import re
from functools import lru_cache

from erckit.conversation import Conversation

LONG = 4  # words from which the repetition of a text means something
_NO_LETTER = re.compile(r"[\W_]+")


@lru_cache(maxsize=1 << 17)  # a check asks for each text of a corpus several times
def normal_text(text: str) -> str:
    """``text`` without case, white space and punctuation: copies often differ in their tokenising only.

    A text of nothing but signs and emoji keeps them.
    """
    folded = text.casefold()
    return _NO_LETTER.sub("", folded) or "".join(folded.split())


def normal_texts(conversation: Conversation) -> tuple[str, ...]:
    """The texts of a conversation, each by :func:`normal_text`; the same for verbatim copies."""
    return tuple(normal_text(utterance.text) for utterance in conversation.utterances)


def is_long(text: str) -> bool:
    """Whether a text has at least four words between white space."""
    return len(text.split()) >= LONG
