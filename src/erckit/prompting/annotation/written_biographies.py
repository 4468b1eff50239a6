"""Biographies as they were written: one per utterance, and where each speaker's stands at the end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from erckit.memory.biography import Biography


@dataclass(frozen=True, slots=True)
class WrittenBiographies:
    """Biographies of some conversations.

    Args:
        per_utterance: For every conversation, for every utterance, the biography of its speaker; ``""`` where there is
            none yet.
        is_causal: Whether none knows what is said after its utterance.
        last: The latest biography of each named speaker; empty for biographies that are not causal.
        lacking: Which conversations show an earlier biography than they should, or none, as theirs could not be had.
    """

    per_utterance: list[tuple[str, ...]]
    is_causal: bool
    last: Mapping[str, Biography] = field(default_factory=dict)
    lacking: Collection[int] = ()


def inputs_hash(writer: str, before: str, lines: Sequence[str]) -> str:
    """Hash of everything that a version is made of: who writes, the version before, the new lines."""
    return hashlib.sha256(json.dumps([writer, before, list(lines)]).encode("ascii")).hexdigest()
