"""What a server's memory knows of a speaker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpeakerSummary:
    """A speaker's utterances summed up.

    Args:
        speaker: The name asked for.
        namespace: Whose speaker.
        model: The model that scored the utterances.
        utterances: How many.
        conversations: In how many conversations.
        first_time: Seconds since the epoch, of the first.
        last_time: Of the last.
        mean_scores: Label -> mean score, highest first.
        label_counts: Label -> utterances where it has the highest score.
        biography: What was written about the speaker, or None.
    """

    speaker: str
    namespace: str
    model: str
    utterances: int
    conversations: int
    first_time: float | None
    last_time: float | None
    mean_scores: Mapping[str, float]
    label_counts: Mapping[str, int]
    biography: str | None
