"""Which biography belongs to which utterance, and from which utterances each version is written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from erckit.conversation import Conversation
from erckit.memory.history import story_order
from erckit.memory.identity import is_anonymous
from erckit.prompting.annotation.biography_settings import BiographySettings

Place = tuple[int, int]  # conversation and utterance in it, as given


@dataclass(slots=True)
class SpeakerPlan:
    """One person's versions.

    Args:
        name: Of the speaker.
        is_global: Whether the name means the same person in other conversations.
        chunks: Utterances that versions 1, 2, ... add, oldest first.
        versions: Utterances of the speaker, each with the version known before it; 0 is what was known
            at the beginning.
        left: Utterances after the last chunk.
    """

    name: str
    is_global: bool
    chunks: list[list[Place]] = field(default_factory=list)
    versions: list[tuple[Place, int]] = field(default_factory=list)

    left: list[Place] = field(default_factory=list)

    @property
    def used(self) -> int:
        """The last version that some utterance is shown with."""
        return max((version for _, version in self.versions), default=0)


def biography_plan(
    conversations: Sequence[Conversation],
    settings: BiographySettings,
    anonymous: Collection[str] = (),
    known: Collection[str] = (),
) -> list[SpeakerPlan]:
    """Plan the causal biographies of all speakers.

    Args:
        conversations: All that may be remembered and all targets, in file order.
        settings: Their form is not looked at.
        anonymous: Generic names of the corpus, besides the usual ones.
        known: Speakers who have a biography already; theirs is not written anew after ``first`` utterances.
    """
    plans: dict[tuple[str, int], SpeakerPlan] = {}
    for c in story_order(conversations, settings.order):
        for u, utterance in enumerate(conversations[c].utterances):
            name = utterance.speaker
            is_global = settings.scope == "all" and not is_anonymous(name, anonymous)
            key = (name, -1 if is_global else c)
            plan = plans.setdefault(key, SpeakerPlan(name, is_global))
            plan.versions.append(((c, u), len(plan.chunks)))
            plan.left.append((c, u))
            is_new = not plan.chunks and not (is_global and name in known)
            if len(plan.left) >= (settings.first if is_new else settings.every):
                plan.chunks.append(plan.left)
                plan.left = []
    return list(plans.values())
