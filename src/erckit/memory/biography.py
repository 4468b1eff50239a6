"""What was written about a speaker from what they said before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Biography:
    """A description of a speaker.

    Args:
        text: The description.
        inputs_hash: Hash of everything it was made from; another hash means it is out of date.
        made_by: Name of the model or person that wrote it.
        time: When, in seconds since the epoch.
        conversations: What it was made from: ids of conversations, each with how many of the speaker's utterances;
            None where nobody knows, as in memories of an earlier erckit.
        until: When the latest of these utterances was said, in seconds since the epoch; None where nobody knows.
        before: The version that it goes on from, for conversations that this one knows; without the one before that.
    """

    text: str
    inputs_hash: str = ""
    made_by: str = ""
    time: float = 0.0
    conversations: Mapping[str, int] | None = field(default=None, hash=False)
    until: float | None = None
    before: Biography | None = None

    def to_dict(self) -> dict[str, Any]:
        """As files have it; what is not known is left out."""
        value: dict[str, Any] = {
            "text": self.text,
            "inputs_hash": self.inputs_hash,
            "made_by": self.made_by,
            "time": self.time,
        }
        if self.conversations is not None:
            value["conversations"] = dict(self.conversations)
        if self.until is not None:
            value["until"] = self.until
        if self.before is not None:
            value["before"] = self.before.to_dict()
        return value

    @classmethod
    def from_dict(cls, value: Any) -> Biography:
        """Read what ``to_dict`` made.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: It is something else.
        """
        known, until, before = value.get("conversations"), value.get("until"), value.get("before")
        return cls(
            str(value["text"]),
            str(value["inputs_hash"]),
            str(value["made_by"]),
            float(value["time"]),
            None if known is None else {str(name): int(count) for name, count in known.items()},
            None if until is None else float(until),
            None if before is None else cls.from_dict(before),
        )
