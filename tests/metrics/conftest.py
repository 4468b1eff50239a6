"""Made-up predictions of two systems on the same conversations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from erckit.labels import LabelSet


@dataclass
class TwoSystems:
    label_set: LabelSet
    gold: np.ndarray
    groups: np.ndarray
    first: np.ndarray
    second: np.ndarray

    def rows_of(self, drawn: np.ndarray) -> np.ndarray:
        """Utterances of the drawn conversations, one conversation after the other."""
        names = np.unique(self.groups)
        return np.concatenate([np.flatnonzero(self.groups == names[c]) for c in drawn])


def _two_systems(
    seed: int, runs: tuple[int, int] = (2, 2), conversations: int = 12, size: int = 120, gain: float = 0.0
) -> TwoSystems:
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 4, size=size)
    groups = rng.permutation(np.arange(size) % conversations) * 10 + 3  # neither sorted nor counted from 0

    def predict(rows: int, right: float) -> np.ndarray:
        return np.where(rng.random((rows, size)) < right, gold, rng.integers(0, 4, size=(rows, size)))

    label_set = LabelSet(("a", "b", "neutral", "c", "never"), neutral="neutral")
    return TwoSystems(label_set, gold, groups, predict(runs[0], 0.5 + gain), predict(runs[1], 0.5))


@pytest.fixture
def two_systems() -> Callable[..., TwoSystems]:
    return _two_systems
