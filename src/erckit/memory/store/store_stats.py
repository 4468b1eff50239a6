"""How much a speaker memory holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StoreStats:
    """Counts of a store, or of one namespace of it.

    Args:
        utterances: Rows kept.
        speakers: Different speakers.
        conversations: Different conversation ids.
        biographies: Biographies kept.
        first_time: Time of the oldest row; None where there is none.
        last_time: Time of the newest row.
        models: Model -> rows.
        namespaces: Namespace -> rows, for the whole store.
        keeps_text: Whether texts are kept.
        bytes: Size on disk, for the whole store; 0 in process.
        fragments: Pieces that the rows lie in on disk; ``compact`` makes few of many. 0 in process.
    """

    utterances: int = 0
    speakers: int = 0
    conversations: int = 0
    biographies: int = 0
    first_time: float | None = None
    last_time: float | None = None
    models: Mapping[str, int] = field(default_factory=dict)
    namespaces: Mapping[str, int] = field(default_factory=dict)
    keeps_text: bool = True
    bytes: int = 0
    fragments: int = 0
