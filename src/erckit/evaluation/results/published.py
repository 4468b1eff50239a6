"""Scores that others published, each under the protocol it was measured on."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

UNKNOWN = "unknown"
_FILE = Path(__file__).with_name("published.json")


@dataclass(frozen=True, slots=True)
class PublishedScore:
    """One number of one published system. Whatever no source tells is "unknown", never guessed.

    Args:
        system: Name of the system.
        year: Of publication, "2023–24" where sources differ.
        corpus: Name of the corpus, without its version.
        protocol: Name of the protocol it was measured under, or None where that is not established.
        metric: Name of the metric, one of ``erckit.metrics.METRICS``.
        value: The score as a fraction.
        sd: Its standard deviation over runs as a fraction, or None when not printed.
        source: "paper", "readme", "paper or readme" (of the system's own) or "second-hand".
        quoted_from: Whose table a second-hand number stands in, empty when not recorded.
        selection: "dev", "test" or "unknown": where checkpoint and settings were chosen.
        causal: "yes", "no" or "unknown": whether no prediction saw a later utterance.
        seeds: Runs behind the number, "unknown" when not told.
        modality: "text", "multimodal" or "unknown".
        backbone: Pretrained network.
        notes: What else a reader must know.
        unplaced: Why the protocol is not established, empty where it is.
    """

    system: str
    year: str
    corpus: str
    protocol: str | None
    metric: str
    value: float
    sd: float | None = None
    source: str = UNKNOWN
    quoted_from: str = ""
    selection: str = UNKNOWN
    causal: str = UNKNOWN
    seeds: str = UNKNOWN
    modality: str = UNKNOWN
    backbone: str = UNKNOWN
    notes: str = ""
    unplaced: str = ""


@dataclass(frozen=True, slots=True)
class PublishedSplit:
    """The test split that published scores were measured on.

    Args:
        version: Which version of the corpus it belongs to.
        utterances: Numbers of labelled utterances that it may have.
        note: What a reader must know of it, may be empty.
    """

    version: str
    utterances: tuple[int, ...]
    note: str


@dataclass(frozen=True, slots=True)
class ExcludedScore:
    """A published number that is not a score of the task, and why.

    Args:
        system: Name of the system.
        year: Of publication.
        corpus: Name of the corpus.
        claim: The number as printed.
        reason: Why it stands in no table.
    """

    system: str
    year: str
    corpus: str
    claim: str
    reason: str


@functools.cache
def published_scores() -> tuple[PublishedScore, ...]:
    """All published scores, in the order of publication as far as known."""
    return tuple(_score(system, entry) for system in _data()["systems"] for entry in system["scores"])


@functools.cache
def excluded_scores() -> tuple[ExcludedScore, ...]:
    """Published numbers that must not stand beside any score."""
    entries = [dict(entry) for entry in _data()["excluded"]]
    return tuple(ExcludedScore(system=entry.pop("name"), **entry) for entry in entries)


@functools.cache
def published_splits() -> Mapping[str, PublishedSplit]:
    """Protocol name to the split that its published scores were measured on."""
    return {
        name: PublishedSplit(split["version"], tuple(split["utterances"]), split["note"])
        for name, split in _data()["splits"].items()
    }


@functools.cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return data


def _score(system: Mapping[str, Any], entry: Mapping[str, Any]) -> PublishedScore:
    """A score with what holds for the whole system; an entry's own values win, notes are joined."""
    both = {key: value for key, value in system.items() if key not in ("name", "scores")} | dict(entry)
    protocol = both.get("protocol")
    return PublishedScore(
        system=system["name"],
        protocol=protocol,
        corpus=both.get("corpus") or str(protocol).partition("/")[0].removesuffix("_aligned"),
        value=both["value"] / 100,
        sd=both["sd"] / 100 if "sd" in both else None,
        notes="; ".join(part for part in (entry.get("notes", ""), system.get("notes", "")) if part),
        **{key: both[key] for key in both if key not in ("protocol", "corpus", "value", "sd", "notes")},
    )
