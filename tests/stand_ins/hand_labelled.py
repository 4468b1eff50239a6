"""A system that a test writes: it gives labelled conversations, and this makes a system of erckit out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from erckit.conversation import LabelledConversation
from erckit.labels import LabelSet
from erckit.models.system import About, Ask, Reading
from erckit.prompting.answers.read_answers import ReadAnswers


class HandLabelled:
    """Labels by :meth:`label`, which a test writes; with a temperature, logits stand behind the scores."""

    name: str
    label_set: LabelSet
    settings: Mapping[str, Any]
    causal: bool = True
    temperature: float | None = None
    calibrated: bool = False
    tokens_processed: int = 0
    answers: str = ""
    more: Mapping[str, Any] = {}

    def label(self, conversations: Any, **options: Any) -> list[LabelledConversation]:
        """Written by the test."""
        raise NotImplementedError

    @property
    def about(self) -> About:
        """From its attributes."""
        return About(
            name=self.name,
            label_set=self.label_set,
            settings=self.settings,
            can=frozenset({"scores"}),
            refusal=f"{self.name}: it {{why}}.",
            is_causal=self.causal,
            temperature=self.temperature,
            is_calibrated=self.calibrated or self.temperature is not None,
            answers=self.answers,
            **self.more,
        )

    def read(self, ask: Ask) -> Reading:
        """Scores, or the logits that give them."""
        before = self.tokens_processed
        labelled = self.label(ask.conversations, history=ask.history, remember=ask.remember)
        if self.answers:
            named = tuple(p.label for one in labelled for p in one.predictions)
            return Reading(answers=ReadAnswers(tuple(map(str, named)), named))
        scores = [[list(p.scores.values()) for p in one.predictions] for one in labelled]
        tokens = self.tokens_processed - before
        if self.temperature is None:
            return Reading(scores=scores, tokens=tokens)
        logits = [np.log(np.array(rows)) * self.temperature for rows in scores]
        return Reading(logits=logits, tokens=tokens)
