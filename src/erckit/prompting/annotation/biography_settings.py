"""How biographies are written."""

from __future__ import annotations

from dataclasses import dataclass

from erckit.errors import SettingError
from erckit.settings import choose

FORMS = ("causal", "whole_conversation")


@dataclass(frozen=True, slots=True)
class BiographySettings:
    """Settings of biographies.

    Args:
        form: ``causal``: for an utterance, from what its speaker said before it. ``whole_conversation``: from the whole
            conversation, what is said after the utterance too; published by BiosERC, and not causal.
        scope: ``all``: a named speaker has one biography that goes on from conversation to conversation;
            ``conversation``: each conversation starts anew, as it does for anonymous speakers in any case.
        order: ``story`` or ``file``: which conversation comes after which.
        first: Utterances of a speaker after which the first version is written.
        every: Further utterances after which it is written anew, from the last version and these: so every utterance is
            read once, and the cost grows with the number of utterances.
        words: Longest biography.
    """

    form: str = "causal"
    scope: str = "all"
    order: str = "story"
    first: int = 3
    every: int = 10
    words: int = 60

    def __post_init__(self) -> None:
        choose(self.form, FORMS, "biographies.form")
        choose(self.scope, ("all", "conversation"), "biographies.scope")
        choose(self.order, ("story", "file"), "biographies.order")
        if min(self.first, self.every, self.words) < 1:
            raise SettingError("'biographies.first', 'biographies.every' and 'biographies.words' must be at least 1.")

    @property
    def is_causal(self) -> bool:
        """Whether a biography never knows what is said later."""
        return self.form == "causal"

    @property
    def goes_on(self) -> bool:
        """Whether a biography takes in what was said in earlier conversations."""
        return self.is_causal and self.scope == "all"
