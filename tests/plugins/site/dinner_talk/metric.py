"""Mean recall of the labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def balanced_accuracy(confusion: NDArray[Any], neutral: int | None) -> NDArray[np.float64]:
    """Mean over labels of the share found, (...) of matrices (..., L, L or L + 1)."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)  # (..., L)
    gold = confusion.sum(axis=-1)  # (..., L)
    recall = np.divide(hits, gold, out=np.zeros_like(hits, dtype=float), where=gold > 0)
    return np.asarray(recall.mean(axis=-1))


def always_one(confusion: NDArray[Any], neutral: int | None) -> NDArray[np.float64]:
    """Bears the name of one of erckit's own metrics, so it is never asked."""
    return np.ones(confusion.shape[:-2])
