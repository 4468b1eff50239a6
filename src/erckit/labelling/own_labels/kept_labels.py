"""New labels beside a model's own: its own labels keep their proportions, the new ones take their share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from erckit.labelling.own_labels.prototypes import Prototypes
from erckit.labelling.own_labels.scorer import Scorer
from erckit.labels import LabelSet


@dataclass(frozen=True, slots=True, eq=False)
class KeptLabels(Scorer):
    """The model's own labels first, then the new ones.

    Prototypes of all labels, own and new, say how likely each new label is. What that leaves is shared out among
    the own labels as the model's own head scores them. So the scores of all labels sum to 1 and can be compared, and
    among the own labels nothing changes: which of them is highest, and by how much, stays as it was.

    Args:
        prototypes: Of the own labels, in the model's order, then of the new ones; with their temperature.
        own: How many of them are the model's own.
        own_temperature: What the model's own logits are divided by.
        temperature: 1: the scores are calibrated where they come from.
    """

    kind: ClassVar[str] = "kept_labels"
    prototypes: Prototypes
    own: int
    own_temperature: float
    temperature: float | None = 1.0

    @property
    def label_set(self) -> LabelSet:  # type: ignore[override]
        """Own labels, then new ones."""
        return self.prototypes.label_set

    def logits(self, vectors: NDArray[Any], own: NDArray[Any]) -> NDArray[np.float64]:
        """Logarithms of the scores of vectors (N, V) with the model's own logits (N, own), (N, L)."""
        return self.combine(self.prototypes.logits(vectors) / (self.prototypes.temperature or 1.0), own)

    def combine(self, found: NDArray[np.float64], own: NDArray[Any]) -> NDArray[np.float64]:
        """Logarithms of the scores from scaled logits of the prototypes (N, L) and the model's own (N, own)."""
        by_distance = found - _log_sum(found)  # (N, L)
        kept = _log_sum(by_distance[:, : self.own])  # what the new labels leave
        logits = np.asarray(own, dtype=np.float64) / self.own_temperature
        return np.concatenate([kept + logits - _log_sum(logits), by_distance[:, self.own :]], axis=1)

    def check(self) -> None:
        """Some labels are the model's own, and some are new."""
        if not 1 <= self.own < len(self.label_set):
            raise ValueError(f"{self.own} own labels of {len(self.label_set)}")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The prototypes."""
        return self.prototypes.arrays()

    def values(self) -> dict[str, Any]:
        """What the prototypes need, how many labels are the model's own, and the temperatures."""
        return {
            **self.prototypes.values(),
            "own": self.own,
            "own_temperature": self.own_temperature,
            "prototype_temperature": self.prototypes.temperature,
        }

    @classmethod
    def restore(
        cls,
        label_set: LabelSet,
        temperature: float | None,
        arrays: Mapping[str, NDArray[Any]],
        values: Mapping[str, Any],
    ) -> KeptLabels:
        """See :meth:`Scorer.restore`."""
        prototypes = Prototypes.restore(label_set, float(values["prototype_temperature"]), arrays, values)
        made = cls(prototypes, int(values["own"]), float(values["own_temperature"]), temperature)
        made.check()
        return made


def _log_sum(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of the sum of the exponentials of each row, (N, 1)."""
    highest = logits.max(axis=1, keepdims=True)
    result: NDArray[np.float64] = highest + np.log(np.exp(logits - highest).sum(axis=1, keepdims=True))
    return result
