"""From a model's vectors to label scores by something else than its label head."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from erckit.errors import ModelFolderError, nearest
from erckit.labels import LabelSet

# A scorer is one file and one line here.
SCORERS = {
    "prototypes": "erckit.labelling.own_labels.prototypes:Prototypes",
    "neighbours": "erckit.labelling.own_labels.neighbours:Neighbours",
    "light_head": "erckit.labelling.own_labels.light_head:LightHead",
    "kept_labels": "erckit.labelling.own_labels.kept_labels:KeptLabels",
}


class Scorer(ABC):
    """Labels for vectors of an utterance; N utterances, vectors of V numbers, L labels.

    Attributes:
        kind: Its name in :data:`SCORERS`.
        label_set: Labels in the order of the logits.
        temperature: What logits are divided by before the softmax, fitted on vectors that its own values were not
            made from; None when it was not fitted.
        learned: Its arrays, by the name of the attribute, and their type.
        needed: What else it needs, by the name of the attribute, and its type.
    """

    kind: ClassVar[str]
    learned: ClassVar[Mapping[str, type[np.generic]]] = {}
    needed: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    label_set: LabelSet
    temperature: float | None

    @abstractmethod
    def logits(self, vectors: NDArray[Any], own: NDArray[Any]) -> NDArray[np.float64]:
        """Logits (N, L) of vectors (N, V).

        Args:
            vectors: As ``Labeler.vectors`` gives them.
            own: Logits of the model's label head for the same utterances, (N, L of the model).
        """

    @abstractmethod
    def check(self) -> None:
        """Refuse what came out of a damaged or foreign folder.

        Raises:
            ValueError: Something does not fit.
        """

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything it learned, by name; floats in 32 bits."""
        learned = {name: getattr(self, name) for name in self.learned}
        return {name: a.astype(np.float32) if a.dtype.kind == "f" else a for name, a in learned.items()}

    def values(self) -> dict[str, Any]:
        """Everything else it needs, as JSON knows it; without labels and temperature."""
        return {name: getattr(self, name) for name in self.needed}

    @classmethod
    def restore(
        cls,
        label_set: LabelSet,
        temperature: float | None,
        arrays: Mapping[str, NDArray[Any]],
        values: Mapping[str, Any],
    ) -> Self:
        """The scorer whose :meth:`arrays` and :meth:`values` these are.

        Raises:
            KeyError: Something is missing.
            ValueError: Something does not fit.
        """
        learned = {name: arrays[name].astype(kind) for name, kind in cls.learned.items()}
        needed = {name: kind(values[name]) for name, kind in cls.needed.items()}
        made = cls(label_set=label_set, temperature=temperature, **learned, **needed)  # type: ignore[call-arg]
        made.check()
        if not all(np.isfinite(array).all() for array in learned.values()):
            raise ValueError("numbers that are not finite")
        return made


@dataclass(frozen=True, slots=True)
class Scoring:
    """A scorer, and what a model is called that uses it.

    Args:
        scorer: The scorer.
        name: Name of the model with it.
        settings: What it was made from, for result files and model cards.
        scores: How well it did when it was made.
    """

    scorer: Scorer
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)


def scorer_class(kind: str) -> type[Scorer]:
    """Class of a scorer by name.

    Raises:
        ModelFolderError: No scorer of that name.
    """
    if kind not in SCORERS:
        raise ModelFolderError(f"unknown scorer '{kind}'. {nearest(kind, SCORERS)}")
    module, _, attribute = SCORERS[kind].partition(":")
    found: type[Scorer] = getattr(import_module(module), attribute)
    return found


def few_temperature(logits: NDArray[Any], gold: Sequence[int] | NDArray[Any]) -> float:
    """Temperature that makes ``softmax(logits / temperature)`` most likely, with one imagined example per label.

    The imagined examples are spread evenly over the labels: of N examples with L labels, a share L / (N + L) of each
    gold label is shared out among all labels. With many examples this is ordinary temperature scaling.

    Args:
        logits: (N, L) of examples that they were not made from.
        gold: (N,) label positions.

    Returns:
        Above 0, in the unit of the logits.

    Source: targets after Platt 1999, Probabilistic Outputs for Support Vector Machines, section 2.1, for L labels.
    """
    from scipy.optimize import minimize_scalar

    z = np.asarray(logits, dtype=np.float64)
    z = z - z.max(axis=1, keepdims=True)
    count, labels = z.shape
    unit = float(np.std(z)) or 1.0
    share = labels / (count + labels)
    targets = np.full(z.shape, share / labels)
    targets[np.arange(count), np.asarray(gold)] += 1 - share

    def loss(log_temperature: float) -> float:
        scaled = z / (unit * math.exp(log_temperature))
        log_scores = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return float(-(targets * log_scores).sum() / count)

    found = minimize_scalar(loss, bounds=(math.log(0.01), math.log(100)), method="bounded", options={"xatol": 1e-6})
    return unit * math.exp(found.x)
