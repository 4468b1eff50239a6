"""The two-way forced choice by which SentEmoContext was scored: gold labels build each question.

Source: Gendron and Guibon, "SEC: Context-Aware Metric Learning for Efficient Emotion Recognition in Conversation",
WASSA 2024, and its published code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from erckit.errors import ErckitError


@dataclass(frozen=True, slots=True, eq=False)
class Triplets:
    """D questions; each holds rows of utterances.

    Args:
        anchors: Utterances asked about, (D,).
        positives: For each another utterance of the anchor's label, (D,).
        negatives: For each an utterance of another label, (D,).
    """

    anchors: NDArray[np.int64]
    positives: NDArray[np.int64]
    negatives: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.anchors)


def draw_triplets(labels: Sequence[int] | NDArray[Any], draws: int, seed: int) -> Triplets:
    """Questions drawn as published: labels uniformly, whatever their frequency.

    The anchor's label is drawn uniformly, anchor and positive are two different utterances of it; the negative's label
    is drawn uniformly among the others, the negative is any utterance of it. So rare labels are asked about as often
    as frequent ones, with the same few utterances again and again.

    Args:
        labels: Label position of each utterance, (N,); each label that occurs at least twice.
        draws: Number of questions, D.
        seed: Of the draws.

    Raises:
        ErckitError: Fewer than two labels, or a label with one utterance.
    """
    gold = np.asarray(labels, dtype=np.int64)
    present, counts = np.unique(gold, return_counts=True)
    if len(present) < 2 or counts.min() < 2:
        raise ErckitError("a forced choice needs at least two labels with at least two utterances each.")
    rng = np.random.default_rng(seed)
    rows = np.argsort(gold, kind="stable")  # utterances of the first label, then of the second, ...
    starts = np.cumsum(counts) - counts

    def any_of(which: NDArray[np.int64], fewer: int = 0) -> NDArray[np.int64]:
        return rng.integers(0, counts[which] - fewer)

    label = rng.integers(0, len(present), draws)
    other = (label + rng.integers(1, len(present), draws)) % len(present)
    first, second = any_of(label), any_of(label, fewer=1)
    second = second + (second >= first)  # two different ones
    return Triplets(rows[starts[label] + first], rows[starts[label] + second], rows[starts[other] + any_of(other)])


def choose_by_distance(vectors: NDArray[Any], triplets: Triplets) -> NDArray[np.bool_]:
    """Whether each anchor's positive is at most as far (Euclidean) as its negative, (D,).

    Args:
        vectors: Of all utterances, (N, V).
        triplets: The questions. As published, equal distances count as right.
    """
    values = np.asarray(vectors, dtype=np.float64)
    anchors = values[triplets.anchors]
    near = np.linalg.norm(anchors - values[triplets.positives], axis=1)
    far = np.linalg.norm(anchors - values[triplets.negatives], axis=1)
    right: NDArray[np.bool_] = near <= far
    return right


def forced_predictions(
    labels: Sequence[int] | NDArray[Any], triplets: Triplets, right: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Gold and "predicted" label positions, (D,) each: the anchor's own label where right, else the negative's."""
    gold = np.asarray(labels, dtype=np.int64)
    return gold[triplets.anchors], np.where(right, gold[triplets.anchors], gold[triplets.negatives])


def expected_scores(right: float, labels: int) -> dict[str, float]:
    """What the scores come to when a share of the questions is answered right, whichever they are.

    Every label is asked about and offered as the wrong answer equally often, so precision, recall and F1 of every label
    are that very share, and so are macro and micro F1 over any labels.

    Args:
        right: Share of right answers, in [0, 1]; 0.5 is a coin.
        labels: Number of labels, K.

    Returns:
        ``macro_f1_no_neutral``, ``micro_f1_no_neutral``, ``accuracy``, and ``mcc`` = (K right - 1) / (K - 1).
    """
    return {
        "macro_f1_no_neutral": right,
        "micro_f1_no_neutral": right,
        "accuracy": right,
        "mcc": (labels * right - 1) / (labels - 1),
    }
