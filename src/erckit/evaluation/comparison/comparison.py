"""What a comparison of results says."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from erckit.evaluation.results.result import ProtocolRun

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class ComparedSystem:
    """One system of the table.

    Args:
        name: What it is called in the table.
        seeds: Seed of each run, None when unknown.
        score: Mean over runs, a fraction.
        sd: Sample standard deviation over runs; None for a single run.
        fixed: Whether every seed would give the same predictions (a majority baseline, say).
        low: Lower bound of the 95 % interval of the mean, conversations resampled.
        high: Upper bound.
        letters: Of its groups; systems that share one cannot be told apart. Empty when not all pairs were compared.
        memory: What it could remember of other conversations, in words.
        causal: Whether no prediction used a later utterance.
        selection: The split on which checkpoint and settings were chosen.
    """

    name: str
    seeds: tuple[int | None, ...]
    score: float
    sd: float | None
    fixed: bool
    low: float
    high: float
    letters: tuple[str, ...]
    memory: str
    causal: bool
    selection: str


@dataclass(frozen=True, slots=True)
class ComparedPair:
    """The difference between two systems; p-values are two-sided, and of conversations unless said otherwise.

    Args:
        first: Name of one system.
        second: Name of the other.
        difference: Score of the first minus score of the second, a fraction.
        low: Lower bound of its 95 % interval.
        high: Upper bound.
        standard_error: Standard deviation of the difference over resamples of conversations.
        p_bootstrap: Of the paired bootstrap.
        p_randomisation: Of approximate randomisation.
        p_bootstrap_holm: Corrected by Holm for all comparisons of the table.
        p_holm: ``p_randomisation`` corrected by Holm; the verdict rests on it.
        seeds_low: Lower bound of the 95 % interval when seeds are resampled too; None where a system has a single run
            and is not fixed.
        seeds_high: Upper bound, or None.
        p_seeds: p-value of that test, or None.
        p_seeds_holm: Corrected by Holm, or None.
        smallest_difference: True difference that would be found with 80 % power.
        smallest_difference_holm: The same at the level of Holm's first step.
        significant: Whether ``p_holm`` is below the level.
        verdict: In words.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    standard_error: float
    p_bootstrap: float
    p_randomisation: float
    p_bootstrap_holm: float
    p_holm: float
    seeds_low: float | None
    seeds_high: float | None
    p_seeds: float | None
    p_seeds_holm: float | None
    smallest_difference: float
    smallest_difference_holm: float
    significant: bool
    verdict: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Systems under one protocol, and which of them are better.

    Args:
        protocol: What was measured on what; ``metric`` is the compared one.
        systems: Best first.
        pairs: Every compared pair.
        groups: Letter to the names of its systems; empty when not all pairs were compared.
        baseline: Name of the system that the others were compared with, None when all pairs were.
        alpha: Level of the tests.
        draws: Resamples and random swaps.
        warnings: What a reader must know before believing a difference.
    """

    protocol: ProtocolRun
    systems: tuple[ComparedSystem, ...]
    pairs: tuple[ComparedPair, ...]
    groups: Mapping[str, tuple[str, ...]]
    baseline: str | None
    alpha: float
    draws: int
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, lists and dicts, ready for JSON."""
        return {"schema_version": SCHEMA_VERSION, **dataclasses.asdict(self)}

    def save(self, path: str | Path) -> Path:
        """Write it as JSON; an existing file is replaced at once or not at all."""
        from erckit.storage.atomic import write_text

        return write_text(path, json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n")
