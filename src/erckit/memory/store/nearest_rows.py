"""Exact search for the vectors that point most nearly the way of another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from erckit.errors import SpeakerMemoryError


def nearest_rows(
    vectors: NDArray[np.float32], vector: Sequence[float] | NDArray[np.float32], n: int
) -> list[tuple[int, float]]:
    """The ``n`` rows with the highest cosine to ``vector``.

    Args:
        vectors: (rows, H); zero vectors are left out.
        vector: (H,), from ``direction``.
        n: Most rows.

    Returns:
        Row and cosine, from -1 to 1, highest first; of equal ones the later row first.
    """
    if not len(vectors) or n <= 0:
        return []
    wanted = np.asarray(vector, dtype=np.float32)  # H
    norms = np.linalg.norm(vectors, axis=1) * np.linalg.norm(wanted)  # rows
    cosines = np.full(len(vectors), -np.inf, dtype=np.float32)  # rows
    np.divide(vectors @ wanted, norms, out=cosines, where=norms > 0)
    order = np.lexsort((-np.arange(len(vectors)), -cosines))[:n]
    return [(int(i), float(np.clip(cosines[i], -1.0, 1.0))) for i in order if np.isfinite(cosines[i])]


def direction(vector: Sequence[float] | NDArray[np.float32]) -> NDArray[np.float32]:
    """``vector`` as float32, (H,).

    Raises:
        SpeakerMemoryError: It is not one row of finite numbers, or all zero.
    """
    wanted = np.asarray(vector, dtype=np.float32)  # H
    norm = float(np.linalg.norm(wanted)) if wanted.ndim == 1 else 0.0
    if not np.isfinite(norm) or norm == 0.0:
        raise SpeakerMemoryError(
            f"a vector of form {wanted.shape} and length {norm:g} has no direction to compare. "
            "Give one row of finite numbers, not all zero."
        )
    return wanted
