"""One utterance as the speaker memory keeps it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from erckit.errors import SpeakerMemoryError


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a speaker said and felt in one utterance.

    Two are equal when all but their vectors are.

    Args:
        speaker: Name of who said it. A store keeps only a salted hash; rows that come back carry the name they were
            asked for with, rows of an export carry the hash.
        conversation: Id of the conversation.
        utterance: Id of the utterance in the conversation.
        time: Seconds since the epoch, or any finite number that orders the speaker's utterances.
        text: What was said, or None where it is not kept.
        vector: The model's memory vector, (H,), or None; becomes float32.
        model: Name of the model that made ``vector`` and ``scores``; empty where there is none.
        scores: Label -> probability, from 0 to 1.
        label: Gold label where it is known.

    Raises:
        SpeakerMemoryError: A time, score or vector that is not finite, or a vector of another form than (H,).
    """

    speaker: str
    conversation: str
    utterance: str
    time: float
    text: str | None = None
    vector: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    model: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    label: str | None = None

    def __post_init__(self) -> None:
        where = f"utterance '{self.utterance}' of conversation '{self.conversation}'"
        if not math.isfinite(self.time):
            raise SpeakerMemoryError(f"{where}: the time {self.time!r} orders nothing. Give a finite number.")
        for label, score in self.scores.items():
            if not 0.0 <= score <= 1.0:
                raise SpeakerMemoryError(f"{where}: the score {score!r} of '{label}' is no probability. Leave it out.")
        if self.vector is not None:
            vector = np.asarray(self.vector, dtype=np.float32)  # H
            if vector.ndim != 1 or not vector.size or not np.isfinite(vector).all():
                raise SpeakerMemoryError(
                    f"{where}: the vector, of form {vector.shape}, is not one row of finite numbers. Give (H,) or None."
                )
            object.__setattr__(self, "vector", vector)

    @property
    def top_label(self) -> str | None:
        """The label with the highest score; None without scores."""
        return max(self.scores, key=self.scores.__getitem__) if self.scores else None
