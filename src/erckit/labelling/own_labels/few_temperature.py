"""Temperature scaling from few examples, which must not become sure of itself after eight right answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
