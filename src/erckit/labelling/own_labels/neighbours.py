"""k nearest neighbours: an utterance gets the label that most of the nearest examples have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from erckit.errors import SettingError
from erckit.labelling.own_labels.distances import scaled, squared_distances
from erckit.labelling.own_labels.scorer import Scorer, few_temperature
from erckit.labels import LabelSet

LARGE = 20_000  # examples from which on faiss is used where it is installed
_ROWS = 1024  # utterances compared at a time


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours(Scorer):
    """All examples, kept; a logit is the logarithm of the label's share among the k nearest.

    Shares are smoothed by half an example per label before the logarithm, so that a label that no neighbour has gets
    a low score and not 0. The search is exact; from 20,000 examples on it is done by faiss where that is installed,
    in 32-bit floats, which can swap neighbours whose distances agree to about 1e-6 of their size.

    Args:
        label_set: L labels.
        examples: Their vectors, (E, V).
        gold: Their label positions, (E,).
        k: Neighbours that vote, 1 to E.
        distance: ``euclidean`` or ``cosine``.
        temperature: See :class:`Scorer`.

    Raises:
        SettingError: k out of its range.
    """

    kind: ClassVar[str] = "neighbours"
    learned: ClassVar[Mapping[str, type[np.generic]]] = {"examples": np.float32, "gold": np.int64}
    needed: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"k": int, "distance": str}
    label_set: LabelSet
    examples: NDArray[np.float32]
    gold: NDArray[np.int64]
    k: int = 15
    distance: str = "euclidean"
    temperature: float | None = None
    _index: list[Any] = field(default_factory=list, repr=False)  # faiss' index once it is built

    def __post_init__(self) -> None:
        if not 1 <= self.k <= len(self.examples):
            raise SettingError(f"the neighbours must be 1 to {len(self.examples)} (all examples), got {self.k}.")

    @classmethod
    def fit(
        cls,
        vectors: NDArray[Any],
        gold: Sequence[int] | NDArray[Any],
        label_set: LabelSet,
        *,
        k: int = 15,
        distance: str = "euclidean",
    ) -> Neighbours:
        """Keep vectors (N, V) with label positions ``gold`` (N,); not calibrated yet."""
        values = scaled(vectors, distance).astype(np.float32)
        return cls(label_set, values, np.asarray(gold, dtype=np.int64), k, distance)

    def nearest(self, vectors: NDArray[Any], k: int | None = None) -> NDArray[np.int64]:
        """Rows of the k nearest examples of each vector (N, V), nearest first, (N, k)."""
        k = self.k if k is None else k
        if len(self.examples) >= LARGE and _has_faiss():
            _, rows = self._faiss().search(scaled(vectors, self.distance).astype(np.float32), k)
            return np.asarray(rows, dtype=np.int64)
        found = []
        for start in range(0, len(vectors), _ROWS):
            squares = squared_distances(vectors[start : start + _ROWS], self.examples, self.distance)
            some = np.argpartition(squares, k - 1, axis=1)[:, :k] if k < squares.shape[1] else None
            if some is None:
                found.append(np.argsort(squares, axis=1, kind="stable"))
                continue
            some.sort(axis=1)  # equal distances in the order of the examples
            order = np.argsort(np.take_along_axis(squares, some, axis=1), axis=1, kind="stable")
            found.append(np.take_along_axis(some, order, axis=1))
        return np.concatenate(found) if found else np.empty((0, k), dtype=np.int64)

    def shares(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Share of each label among the k nearest examples of vectors (N, V), (N, L), rows summing to 1."""
        return self._counts(self.gold[self.nearest(vectors)]) / self.k

    def logits(self, vectors: NDArray[Any], own: NDArray[Any] | None = None) -> NDArray[np.float64]:
        """Logarithm of the smoothed shares for vectors (N, V), (N, L)."""
        return self._smoothed(self.shares(vectors))

    def left_out_logits(self) -> NDArray[np.float64]:
        """Logits of the examples themselves, each without itself among its neighbours, (E, L)."""
        k = min(self.k, len(self.examples) - 1)
        rows = self.nearest(self.examples, k + 1)
        itself = rows == np.arange(len(rows))[:, None]
        itself[~itself.any(axis=1), -1] = True  # hidden behind examples with the very same vector: drop the farthest
        others = rows[~itself].reshape(len(rows), k)
        return self._smoothed(self._counts(self.gold[others]) / k)

    def calibrated(self, logits: NDArray[Any], gold: Sequence[int] | NDArray[Any]) -> Neighbours:
        """The same with the temperature fitted on logits (N, L) of vectors that are not among the examples."""
        return replace(self, temperature=few_temperature(np.asarray(logits), gold))

    def _counts(self, labels: NDArray[np.int64]) -> NDArray[np.float64]:
        """How often each label occurs in each row of (N, k), (N, L)."""
        rows = np.repeat(np.arange(len(labels)), labels.shape[1])
        counts = np.zeros((len(labels), len(self.label_set)))
        np.add.at(counts, (rows, labels.ravel()), 1.0)
        return counts

    def _smoothed(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        result: NDArray[np.float64] = np.log((self.k * shares + 0.5) / (self.k + 0.5 * len(self.label_set)))
        return result

    def _faiss(self) -> Any:
        import faiss

        if not self._index:
            index = faiss.IndexFlatL2(self.examples.shape[1])
            index.add(np.ascontiguousarray(self.examples, dtype=np.float32))
            self._index.append(index)
        return self._index[0]

    def check(self) -> None:
        """Examples and their labels are as many, and each label is one."""
        if self.examples.ndim != 2 or self.gold.shape != (len(self.examples),):
            raise ValueError(f"examples {self.examples.shape} and labels {self.gold.shape}")
        if self.gold.size and not 0 <= self.gold.min() <= self.gold.max() < len(self.label_set):
            raise ValueError("an example of no label")


def _has_faiss() -> bool:
    from importlib.util import find_spec

    return find_spec("faiss") is not None
