"""Utterances that are missing from their conversation, and times that cannot be."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from erckit.conversation import Conversation
from erckit.corpora.corpus import Corpus

_NUMBER = re.compile(r"(?<!\d)\d{1,4}$")
_LONG_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class OrderFaults:
    """What is wrong with the numbers and times of a split.

    Args:
        split: The split.
        gaps: ``"conversation/utterance"`` of utterances whose number does not follow the one before.
        late_beginnings: Conversations whose first utterance has not the lowest first number of the split.
        missing_dialogues: Numbers between the lowest and the highest ``dialogue_id`` that no conversation has.
        backwards: ``"conversation/utterance"`` that starts before the utterance before it.
        long: Utterances that last over 30 seconds.
        no_length: Utterances that end when, or before, they start.
    """

    split: str
    gaps: tuple[str, ...]
    late_beginnings: tuple[str, ...]
    missing_dialogues: tuple[int, ...]
    backwards: tuple[str, ...]
    long: tuple[str, ...]
    no_length: tuple[str, ...]

    def lines(self) -> list[str]:
        """For the terminal; one line for each kind that was found."""
        kinds: list[tuple[str, Sequence[object]]] = [
            ("gaps in the numbers of utterances", self.gaps),
            ("conversations that begin at a later number", self.late_beginnings),
            ("missing dialogue numbers", self.missing_dialogues),
            ("start times that run backwards", self.backwards),
            (f"utterances of over {_LONG_SECONDS:.0f} seconds", self.long),
            ("utterances without length", self.no_length),
        ]
        return [f"{self.split}: {what}: {len(found):,} ({_examples(found)})" for what, found in kinds if found]


def order_faults(corpus: Corpus) -> tuple[OrderFaults, ...]:
    """For every split, gaps in numbers, missing conversations and impossible times."""
    return tuple(_faults(split, conversations) for split, conversations in corpus.splits.items())


def _faults(split: str, conversations: Sequence[Conversation]) -> OrderFaults:
    firsts = {c.id: number for c in conversations if (number := _number(c.utterances[0].id)) is not None}
    lowest = min(firsts.values(), default=0)
    utterances = [(f"{c.id}/{u.id}", u) for c in conversations for u in c.utterances]
    pairs = [(f"{c.id}/{b.id}", a, b) for c in conversations for a, b in itertools.pairwise(c.utterances)]
    numbered = len(firsts) == len(conversations)
    dialogues = {number for c in conversations if isinstance(number := c.meta.get("dialogue_id"), int)}
    return OrderFaults(
        split=split,
        gaps=tuple(place for place, a, b in pairs if numbered and _is_gap(_number(a.id), _number(b.id))),
        late_beginnings=tuple(name for name, number in firsts.items() if numbered and number > lowest),
        missing_dialogues=tuple(sorted(set(range(min(dialogues), max(dialogues))) - dialogues)) if dialogues else (),
        backwards=tuple(
            place for place, a, b in pairs if a.start is not None and b.start is not None and b.start < a.start
        ),
        long=tuple(
            place
            for place, u in utterances
            if u.start is not None and u.end is not None and u.end - u.start > _LONG_SECONDS
        ),
        no_length=tuple(
            place for place, u in utterances if u.start is not None and u.end is not None and u.end <= u.start
        ),
    )


def _is_gap(number: int | None, following: int | None) -> bool:
    return number is not None and following is not None and following != number + 1


def _number(utterance_id: str) -> int | None:
    """The number at the end of an id; None for ids that are no count (a date, a database key)."""
    found = _NUMBER.search(utterance_id)
    return int(found.group()) if found else None


def _examples(found: Sequence[object]) -> str:
    return ", ".join(map(str, found[:3])) + (", ..." if len(found) > 3 else "")
