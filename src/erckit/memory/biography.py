"""What was written about a speaker from what they said before."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Biography:
    """A description of a speaker.

    Args:
        text: The description.
        inputs_hash: Hash of everything it was made from; another hash means it is out of date.
        made_by: Name of the model or person that wrote it.
        time: When, in seconds since the epoch.
    """

    text: str
    inputs_hash: str = ""
    made_by: str = ""
    time: float = 0.0
