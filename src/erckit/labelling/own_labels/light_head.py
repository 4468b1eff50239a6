"""A light head: logistic regression on the model's vectors, fitted in a second, kept as plain arrays."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from erckit.labelling.own_labels.scorer import Scorer, few_temperature
from erckit.labels import LabelSet

_STRENGTHS = (0.01, 0.1, 1.0, 10.0)  # C of scikit-learn: how little the weights are held back
_FOLDS = 10


@dataclass(frozen=True, slots=True, eq=False)
class LightHead(Scorer):
    """Linear logits of centred vectors of mean length 1.

    Args:
        label_set: L labels.
        weight: (L, V).
        bias: (L,).
        temperature: See :class:`Scorer`.
    """

    kind: ClassVar[str] = "light_head"
    learned: ClassVar[Mapping[str, type[np.generic]]] = {"weight": np.float64, "bias": np.float64}
    label_set: LabelSet
    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    temperature: float | None = None

    @classmethod
    def fit(
        cls, vectors: NDArray[Any], gold: Sequence[int] | NDArray[Any], label_set: LabelSet, seed: int = 0
    ) -> tuple[LightHead, NDArray[np.float64]]:
        """Fit scikit-learn's LogisticRegression, labels weighted alike, and its temperature.

        The strength of its penalty and the temperature are those that make labels most likely in at most 10 folds.

        Args:
            vectors: (N, V).
            gold: Label positions, (N,); each label at least twice.
            label_set: L labels.
            seed: Of the folds.

        Returns:
            The head, and the logits (N, L) of each example from the fold that did not hold it.
        """
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import StratifiedKFold

        from erckit.metrics import negative_log_likelihood

        values, labels = np.asarray(vectors, dtype=np.float64), np.asarray(gold, dtype=np.int64)
        centre = values.mean(axis=0)
        unit = float(np.linalg.norm(values - centre, axis=1).mean()) or 1.0
        values = (values - centre) / unit * np.sqrt(values.shape[1])
        folds = StratifiedKFold(min(_FOLDS, int(np.bincount(labels).min())), shuffle=True, random_state=seed)

        def fitted(rows: NDArray[np.int64], strength: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            head = LogisticRegression(C=strength / values.shape[1], class_weight="balanced", max_iter=300)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # close to the optimum is enough here
                head.fit(values[rows], labels[rows])
            if len(head.coef_) == 1:  # two labels: scikit-learn keeps the second one's logit only
                return np.stack([-head.coef_[0], head.coef_[0]]) / 2, np.array([-1, 1]) * head.intercept_[0] / 2
            return head.coef_, head.intercept_

        best: tuple[float, float, float, NDArray[np.float64]] | None = None
        for strength in _STRENGTHS:
            found = np.empty((len(labels), len(label_set)))
            for train, held_out in folds.split(values, labels):
                weight, bias = fitted(train, strength)
                found[held_out] = values[held_out] @ weight.T + bias
            temperature = few_temperature(found, labels)
            scaled = np.exp((found - found.max(axis=1, keepdims=True)) / temperature)
            loss = negative_log_likelihood(scaled / scaled.sum(axis=1, keepdims=True), labels)
            if best is None or loss < best[0]:
                best = (loss, strength, temperature, found)
        assert best is not None
        _, strength, temperature, found = best
        weight, bias = fitted(np.arange(len(labels)), strength)
        weight = weight * np.sqrt(values.shape[1]) / unit  # for vectors as the model gives them
        return replace(cls(label_set, weight, bias - weight @ centre), temperature=temperature), found

    def logits(self, vectors: NDArray[Any], own: NDArray[Any] | None = None) -> NDArray[np.float64]:
        """Logits (N, L) of vectors (N, V)."""
        result: NDArray[np.float64] = np.asarray(vectors, dtype=np.float64) @ self.weight.T + self.bias
        return result

    def check(self) -> None:
        """A row of weights and a bias for each label."""
        labels = len(self.label_set)
        if self.weight.ndim != 2 or len(self.weight) != labels or self.bias.shape != (labels,):
            raise ValueError(f"weights {self.weight.shape} for {labels} labels")
