"""Counts of MELD, of the published csv files; they have 1,038 training conversations where the README says 1,039."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from erckit.corpora.formats.published_counts import published_counts, without_labels

_EMOTIONS = ("neutral", "joy", "surprise", "anger", "sadness", "disgust", "fear")
_SENTIMENTS = ("negative", "neutral", "positive")


def _counts(values: tuple[float, ...], labels: tuple[int, ...]) -> dict[str, Any]:
    return published_counts(values, dict(zip(_EMOTIONS, labels, strict=True)))


MELD_COUNTS: Mapping[str, Mapping[str, Any]] = {
    "train": _counts(
        (1038, 9989, 260, 7.95, 69, 9.62, 1, 24, 2.71, 70, 96, 3.30, 4001, 5371),
        (4710, 1743, 1205, 1109, 683, 271, 268),
    ),
    "dev": _counts(
        (114, 1109, 47, 7.91, 37, 9.73, 1, 23, 3.01, 6, 6, 3.35, 427, 607),
        (470, 163, 150, 153, 111, 22, 40),
    ),
    "test": _counts(
        (280, 2610, 100, 8.21, 45, 9.32, 1, 33, 2.66, 12, 21, 3.24, 1003, 1353),
        (1256, 402, 281, 345, 208, 68, 50),
    ),
}

MELD_SENTIMENT_COUNTS: Mapping[str, Mapping[str, Any]] = {
    split: without_labels(MELD_COUNTS[split], dict(zip(_SENTIMENTS, labels, strict=True)))
    for split, labels in (("train", (2945, 4710, 2334)), ("dev", (406, 470, 233)), ("test", (833, 1256, 521)))
}
