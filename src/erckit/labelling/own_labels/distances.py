"""Distances between vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from erckit.errors import SettingError, nearest

DISTANCES = ("euclidean", "cosine")


def squared_distances(vectors: NDArray[Any], points: NDArray[Any], distance: str = "euclidean") -> NDArray[np.float64]:
    """Squared distance of every vector (N, V) to every point (P, V), (N, P), not below 0.

    ``cosine`` scales both to length 1 first, so that it is twice the cosine distance (one minus the cosine); a vector
    of zeros has the cosine 0 to everything.

    Raises:
        SettingError: Unknown distance.
    """
    left, right = scaled(vectors, distance), scaled(points, distance)
    if distance == "cosine":
        return np.maximum(0.0, 2 - 2 * (left @ right.T))
    # From differences of large numbers: exact enough only in 64 bits.
    squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)[None, :] - 2 * (left @ right.T)
    return np.maximum(0.0, squares)


def scaled(vectors: NDArray[Any], distance: str) -> NDArray[np.float64]:
    """Vectors (N, V) in 64-bit floats, for ``cosine`` of length 1.

    Raises:
        SettingError: Unknown distance.
    """
    if distance not in DISTANCES:
        raise SettingError(f"unknown distance '{distance}'. {nearest(distance, DISTANCES)}")
    values = np.asarray(vectors, dtype=np.float64)
    if distance == "cosine":
        lengths = np.linalg.norm(values, axis=1, keepdims=True)
        values = values / np.where(lengths > 0, lengths, 1.0)
    return values
