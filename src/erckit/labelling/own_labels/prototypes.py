"""Nearest prototype: every label is the mean of its examples, and an utterance gets the label whose mean is nearest.

Source: Snell, Swersky and Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017, section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from erckit.errors import SettingError
from erckit.labelling.own_labels.distances import scaled, squared_distances
from erckit.labelling.own_labels.scorer import Scorer, few_temperature
from erckit.labels import LabelSet


@dataclass(frozen=True, slots=True, eq=False)
class Prototypes(Scorer):
    """One mean vector per label; a logit is minus the squared distance to it.

    Deviation from the paper: ``cosine`` takes the mean of vectors of length 1 and compares directions.

    Args:
        label_set: L labels.
        centres: Mean vector of each label, (L, V).
        counts: Examples that each mean was made from, (L,), each at least 1.
        scatter: Mean squared distance of an example to the mean of its label, over all labels with two or more
            examples, corrected for the means being estimated; 0 when no label has two.
        distance: ``euclidean`` or ``cosine``.
        levels: Take ``scatter / count`` off each squared distance. A mean of few examples lies off the true one by
            that much, which would hold an utterance away from labels with few examples. The distance is then to the
            mean itself, with ``cosine`` too, not to its direction.
        temperature: See :class:`Scorer`.
    """

    kind: ClassVar[str] = "prototypes"
    learned: ClassVar[Mapping[str, type[np.generic]]] = {"centres": np.float64, "counts": np.int64}
    needed: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"distance": str, "scatter": float, "levels": bool}
    label_set: LabelSet
    centres: NDArray[np.float64]
    counts: NDArray[np.int64]
    scatter: float = 0.0
    distance: str = "euclidean"
    levels: bool = False
    temperature: float | None = None

    @classmethod
    def fit(
        cls,
        vectors: NDArray[Any],
        gold: Sequence[int] | NDArray[Any],
        label_set: LabelSet,
        *,
        distance: str = "euclidean",
        levels: bool = False,
    ) -> Prototypes:
        """Means of vectors (N, V) with label positions ``gold`` (N,); not calibrated yet.

        Raises:
            SettingError: A label without an example.
        """
        values, labels = scaled(vectors, distance), np.asarray(gold, dtype=np.int64)
        counts = np.bincount(labels, minlength=len(label_set))
        if (counts == 0).any():
            empty = [label_set.labels[i] for i in np.flatnonzero(counts == 0)]
            raise SettingError(f"no example of {', '.join(empty)}; give some, or leave the label out.")
        sums = np.zeros((len(label_set), values.shape[1]))
        np.add.at(sums, labels, values)
        centres = sums / counts[:, None]
        several = counts[labels] > 1
        freedom = int((counts[counts > 1] - 1).sum())
        scatter = float(((values - centres[labels])[several] ** 2).sum() / freedom) if freedom else 0.0
        return cls(label_set, centres, counts, scatter, distance, levels)

    def logits(self, vectors: NDArray[Any], own: NDArray[Any] | None = None) -> NDArray[np.float64]:
        """Minus the squared distance of vectors (N, V) to each prototype, (N, L)."""
        if self.levels:
            found = squared_distances(scaled(vectors, self.distance), self.centres) - self.scatter / self.counts
        else:
            found = squared_distances(vectors, self.centres, self.distance)
        return -found

    def left_out_logits(self, vectors: NDArray[Any], gold: Sequence[int] | NDArray[Any]) -> NDArray[np.float64]:
        """Logits of the examples themselves, each against prototypes made without it, (N, L).

        Args:
            vectors: Those that the prototypes were fitted to, (N, V).
            gold: Their label positions, (N,); every label has at least two.

        Raises:
            SettingError: A label with a single example.
        """
        labels = np.asarray(gold, dtype=np.int64)
        if (self.counts[labels] < 2).any():
            alone = self.label_set.labels[int(labels[self.counts[labels] < 2][0])]
            raise SettingError(f"'{alone}' has one example only; leave-one-out needs at least two.")
        found = self.logits(vectors)
        values = scaled(vectors, self.distance)
        counts = self.counts[labels][:, None]
        without = (counts * self.centres[labels] - values) / (counts - 1)  # (N, V)
        if self.levels:
            squares = ((without - values) ** 2).sum(axis=1) - self.scatter / (counts[:, 0] - 1)
        else:
            squares = ((scaled(without, self.distance) - values) ** 2).sum(axis=1)
        found[np.arange(len(labels)), labels] = -squares
        return found

    def calibrated(self, logits: NDArray[Any], gold: Sequence[int] | NDArray[Any]) -> Prototypes:
        """The same with the temperature fitted on logits (N, L) of vectors that the prototypes were not made from."""
        return replace(self, temperature=few_temperature(np.asarray(logits), gold))

    def check(self) -> None:
        """A prototype for each label, of one example or more."""
        labels = len(self.label_set)
        if self.centres.ndim != 2 or len(self.centres) != labels or self.counts.shape != (labels,):
            raise ValueError(f"prototypes {self.centres.shape} for {labels} labels")
        if (self.counts < 1).any():
            raise ValueError("prototypes of no example")
        scaled(self.centres, self.distance)
