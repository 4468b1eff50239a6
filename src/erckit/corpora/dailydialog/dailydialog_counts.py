"""Counts of DailyDialog: as published, and per split of the official files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from erckit.corpora.formats.published_counts import published_counts, without_labels

_EMOTIONS = ("no emotion", "happiness", "surprise", "sadness", "anger", "disgust", "fear")


def _counts(values: tuple[float, ...], labels: tuple[int, ...]) -> dict[str, Any]:
    return published_counts(values, dict(zip(_EMOTIONS, labels, strict=True)))


DAILYDIALOG_COUNTS: Mapping[str, Mapping[str, Any]] = {
    "train": _counts(
        (11118, 87170, 2, 13.61, 278, 7.84, 2, 35, 2, 0, 0, 1.58, 11308, 13654),
        (72143, 11182, 1600, 969, 827, 303, 146),
    ),
    "dev": _counts(
        (1000, 8069, 2, 13.50, 166, 8.07, 2, 31, 2, 0, 0, 1.56, 956, 1086),
        (7108, 684, 107, 79, 77, 3, 11),
    ),
    "test": _counts(
        (1000, 7740, 2, 13.78, 204, 7.74, 2, 26, 2, 0, 0, 1.61, 1033, 1337),
        (6321, 1019, 116, 102, 118, 47, 17),
    ),
}

_ACTS = {
    "train": {"inform": 39873, "question": 24974, "directive": 14242, "commissive": 8081},
    "dev": {"inform": 3125, "question": 2244, "directive": 1775, "commissive": 925},
    "test": {"inform": 3534, "question": 2210, "directive": 1278, "commissive": 718},
}
ACT_COUNTS: Mapping[str, Mapping[str, Any]] = {
    split: without_labels(DAILYDIALOG_COUNTS[split], labels) for split, labels in _ACTS.items()
}

# Of conversations that occur several times, the most frequent topic; the splits themselves do not say it.
_TOPICS = {
    "train": {
        "relationship": 3927, "ordinary life": 3014, "work": 1492, "tourism": 851, "attitude & emotion": 637,
        "school life": 454, "finance": 396, "health": 194, "politics": 100, "culture & education": 53,
    },
    "dev": {
        "relationship": 72, "ordinary life": 445, "work": 234, "tourism": 128, "attitude & emotion": 3,
        "school life": 0, "finance": 60, "health": 45, "politics": 13, "culture & education": 0,
    },
    "test": {
        "relationship": 336, "ordinary life": 279, "work": 142, "tourism": 81, "attitude & emotion": 60,
        "school life": 34, "finance": 27, "health": 23, "politics": 13, "culture & education": 5,
    },
}  # fmt: skip
TOPIC_COUNTS: Mapping[str, Mapping[str, Any]] = {
    split: without_labels(DAILYDIALOG_COUNTS[split], labels) for split, labels in _TOPICS.items()
}
