"""One utterance of one of many conversations that go on at the same time."""

from __future__ import annotations

import math
from dataclasses import dataclass

from erckit.errors import SettingError


@dataclass(frozen=True, slots=True)
class StreamedUtterance:
    """The next utterance of a conversation.

    Args:
        conversation: Id of the conversation it belongs to.
        speaker: Stable name of who said it.
        text: What was said.
        id: Id of the utterance in its conversation; None counts: "1", "2", ...
        time: Seconds since the epoch, or None for now; orders the speaker's memory.
        namespace: Whose speakers are meant; None takes the labeler's.

    Raises:
        SettingError: A time that is not finite.
    """

    conversation: str
    speaker: str
    text: str
    id: str | None = None
    time: float | None = None
    namespace: str | None = None

    def __post_init__(self) -> None:
        if self.time is not None and not math.isfinite(self.time):
            raise SettingError(f"the time of an utterance must be a finite number, got {self.time!r}.")
