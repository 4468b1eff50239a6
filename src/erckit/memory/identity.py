"""Who is speaking: identities that hold inside one conversation or across all of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from erckit.conversation import Conversation
from erckit.errors import SettingError, nearest

IDENTITIES = ("none", "local", "global")
UNKNOWN = 1  # row of the speaker embedding that all anonymous and unseen speakers share; row 0 means no speaker
LOCAL_SPEAKERS = 32  # local identities beyond this many share the last row

GENERIC_SPEAKERS = frozenset(
    name.casefold()
    for name in (
        "#ALL#", "All", "Both", "Everyone", "Everybody", "Guys", "The Guys", "Guy", "The Guy", "Man", "The Man",
        "Woman", "The Woman", "Girl", "The Girl", "Boy", "Kid", "Kids", "Waiter", "The Waiter", "Waitress",
        "The Waitress", "The Director", "Director", "Nurse", "The Nurse", "Doctor", "The Doctor", "Cop", "Policeman",
        "Receptionist", "Customer", "Crowd", "Voice", "Announcer", "Others", "Unknown", "Speaker", "Anonymous", "?",
    )
)  # fmt: skip

# What speech recognition calls people it cannot name: the next recording's "Speaker 1" is somebody else.
_NUMBERED = re.compile(r"(unknown )?(speaker|spk)[ _-]?\d{1,4}")


def is_anonymous(speaker: str, anonymous: Collection[str] = ()) -> bool:
    """Whether a name is generic: several people at once, a role many people play, a number, or no name at all.

    Args:
        speaker: The name.
        anonymous: Further names the corpus knows to be generic.
    """
    name = speaker.strip().casefold()
    return not name or speaker in anonymous or name in GENERIC_SPEAKERS or bool(_NUMBERED.fullmatch(name))


@dataclass(frozen=True, slots=True)
class SpeakerRegistry:
    """The speakers a model knows by name.

    Args:
        identity: ``none``, ``local`` (numbered by first appearance in each conversation) or ``global`` (the same
            name is the same speaker everywhere).
        names: Known global speakers in order; their rows start at 2.
        anonymous: Names that the training corpus knows to be generic, besides ``GENERIC_SPEAKERS``.
    """

    identity: str
    names: tuple[str, ...] = ()
    anonymous: frozenset[str] = frozenset()

    @classmethod
    def from_conversations(
        cls,
        identity: str,
        conversations: Iterable[Conversation],
        min_utterances: int = 1,
        anonymous: frozenset[str] = frozenset(),
    ) -> SpeakerRegistry:
        """Register the named speakers of training conversations who said at least ``min_utterances`` utterances.

        Rarer speakers stay unknown, so that the unknown row is trained on what it will meet: people seen seldom.
        """
        if identity not in IDENTITIES:
            raise SettingError(f"unknown speaker identity '{identity}'. {nearest(identity, IDENTITIES)}")
        if identity != "global":
            return cls(identity, (), anonymous)
        counts = Counter(u.speaker for conversation in conversations for u in conversation.utterances)
        names = (n for n, count in counts.items() if count >= min_utterances and not is_anonymous(n, anonymous))
        return cls(identity, tuple(names), anonymous)

    @property
    def rows(self) -> int:
        """Rows a learned speaker embedding needs."""
        return {"none": 0, "local": LOCAL_SPEAKERS + 2, "global": len(self.names) + 2}[self.identity]

    def identities(self, conversation: Conversation) -> list[int]:
        """Embedding row of each utterance's speaker."""
        if self.identity == "none":
            return [UNKNOWN] * len(conversation)
        if self.identity == "local":
            order = {name: i for i, name in enumerate(conversation.speakers)}
            last = LOCAL_SPEAKERS - 1
            return [2 + min(order[u.speaker], last) for u in conversation.utterances]
        known = {name: 2 + i for i, name in enumerate(self.names)}
        return [known.get(u.speaker, UNKNOWN) for u in conversation.utterances]

    def shown_names(self, conversation: Conversation, form: str) -> list[str]:
        """Each utterance's speaker as the text that the tokenizer writes.

        ``marker`` writes ``<sK>`` with K counted from 1 (global: order of the registry, 0 for unknown speakers), as
        published; other forms write the name, or ``Speaker K`` where identity is local. ``first_name`` writes the
        first word of a registered name if no other registered name begins with it: fewer tokens, the same person.
        The choice does not look at the conversation, so a speaker who comes later cannot change it.
        """
        if form == "marker":
            return [f"<s{max(row - 1, 0)}>" for row in self.identities(conversation)]
        if self.identity == "local":
            return [f"Speaker {row - 1}" for row in self.identities(conversation)]
        shown = self._first_names() if form == "first_name" else {}
        return [shown.get(u.speaker, u.speaker) for u in conversation.utterances]

    def _first_names(self) -> dict[str, str]:
        words = {name: name.split()[0] for name in self.names}
        counts = Counter(word.casefold() for word in words.values())
        return {name: word for name, word in words.items() if counts[word.casefold()] == 1 and word.isalpha()}
