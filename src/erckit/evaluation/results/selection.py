"""What checkpoint and settings were chosen on, in words, and whether that makes a score too high."""

from __future__ import annotations

from collections.abc import Sequence

from erckit.corpora.mixture import SEPARATOR
from erckit.corpora.variants import base_split
from erckit.evaluation.results.result import ProtocolRun

NOTHING = "nothing"  # as ``ProtocolRun.selection``: there was nothing to choose
TOO_HIGH = "scored on the split it was selected on: too high"


def is_scored_where_selected(protocol: ProtocolRun) -> bool:
    """Whether a system is scored on the split (or a part of it) that its checkpoint or settings were chosen on."""
    corpora, _, split = protocol.selection.rpartition(" ")  # "dev", or "goemotions+emorynlp dev"
    own = protocol.corpus if not corpora else corpora
    parts = {part.rpartition("*")[2] for part in own.split(SEPARATOR)}  # "goemotions+2*emorynlp"
    return split == base_split(protocol.split) and protocol.corpus in {own, *parts}


def selection_words(protocol: ProtocolRun) -> str:
    """The split for a column of a table."""
    return protocol.selection + (" (the scored split)" if is_scored_where_selected(protocol) else "")


def training_words(selection: str, seeds: Sequence[int]) -> list[str]:
    """The parts of a protocol line that tell what was chosen where, and from which seeds.

    Args:
        selection: As in ``ProtocolRun``.
        seeds: Training seeds, empty when unknown or when nothing was trained.
    """
    if selection == NOTHING and not seeds:
        return ["no training"]
    chosen = "nothing to select" if selection == NOTHING else f"selected on {selection}"
    if not seeds:
        return [chosen, "seed unknown"]
    return [chosen, f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}"]
