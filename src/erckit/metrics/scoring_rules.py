"""Proper scoring rules: how good scores are as probabilities, sharpness and calibration together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from erckit.metrics.calibration import with_gold

_LEAST = 1e-12  # a score of 0 on the gold label would make the mean infinite


def brier_score(scores: ArrayLike, gold: Sequence[int] | NDArray[Any]) -> float:
    """Mean squared distance between the scores of an utterance and its gold label as one-hot.

    Args:
        scores: (N, L) scores, each in [0, 1], rows summing to 1.
        gold: (N,) label positions; utterances with a negative one (no gold label) are left out.

    Returns:
        In [0, 2]: summed over labels, as Brier defined it. The two-label form of some libraries is half of it.

    Raises:
        ErckitError: No gold label, shapes that do not match, or scores that are not finite.

    Source: Brier 1950, Verification of forecasts expressed in terms of probability.
    """
    p, y = with_gold(scores, gold)
    target = np.zeros_like(p)
    target[np.arange(len(y)), y] = 1.0
    return float(((p - target) ** 2).sum(axis=1).mean())


def negative_log_likelihood(scores: ArrayLike, gold: Sequence[int] | NDArray[Any]) -> float:
    """Mean of -ln(score of the gold label): what temperature scaling makes smallest on dev.

    Args:
        scores: (N, L) scores, each in [0, 1]; one below 1e-12 counts as 1e-12, so that a single sure error does not
            make the mean infinite.
        gold: (N,) label positions; utterances with a negative one (no gold label) are left out.

    Returns:
        Nats per utterance, at least 0; ln L is what a uniform guess gets.

    Raises:
        ErckitError: No gold label, shapes that do not match, or scores that are not finite.
    """
    p, y = with_gold(scores, gold)
    chosen = p[np.arange(len(y)), y]  # (N,)
    return float(-np.log(np.clip(chosen, _LEAST, 1.0)).mean())
