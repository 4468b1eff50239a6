"""Counts of EmoryNLP as published and as derived from the published files, per split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from erckit.corpora.formats.published_counts import published_counts

_LABELS = ("neutral", "joyful", "scared", "mad", "peaceful", "powerful", "sad")


def _counts(values: tuple[float, ...], labels: tuple[int, ...]) -> dict[str, Any]:
    return published_counts(values, dict(zip(_LABELS, labels, strict=True)))


OFFICIAL_COUNTS: Mapping[str, Mapping[str, Any]] = {
    "train": _counts(
        (713, 9934, 232, 10.45, 148, 13.93, 5, 25, 3.53, 0, 1, 4.53, 4777, 6233),
        (3034, 2184, 1285, 1076, 900, 784, 671),
    ),
    "dev": _counts(
        (99, 1344, 41, 10.03, 69, 13.58, 5, 25, 3.05, 0, 0, 4.43, 679, 849),
        (393, 289, 178, 143, 132, 134, 75),
    ),
    "test": _counts(
        (85, 1328, 43, 10.18, 77, 15.62, 5, 25, 3.40, 0, 0, 4.89, 680, 905),
        (349, 282, 182, 113, 159, 145, 98),
    ),
}

ALIGNED_COUNTS: Mapping[str, Mapping[str, Any]] = {
    "train": _counts(
        (659, 7551, 208, 7.86, 78, 11.46, 1, 25, 3.34, 8, 15, 4.10, 3425, 4596),
        (2485, 1677, 941, 785, 638, 551, 474),
    ),
    "dev": _counts(
        (89, 954, 38, 6.97, 60, 10.72, 1, 23, 2.98, 1, 2, 4.00, 441, 575),
        (322, 205, 127, 97, 82, 70, 51),
    ),
    "test": _counts(
        (79, 984, 41, 7.79, 61, 12.46, 1, 25, 3.10, 3, 4, 4.41, 497, 653),
        (288, 217, 116, 86, 111, 96, 70),
    ),
}
