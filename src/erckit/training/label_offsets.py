"""Calibration on dev: offsets of the labels' logits, chosen for a metric, and the temperature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from erckit.labels import LabelSet
from erckit.metrics.calibration import fit_temperature
from erckit.metrics.classification import classification_report
from erckit.metrics.from_confusion import metric_from_confusion
from erckit.model_folder.folder import Calibration
from erckit.training.objectives.objective import NO_LABEL

STEPS = (0.8, 0.4, 0.2)
ROUNDS = 3  # over all labels, with each step
_GAIN = 1e-4  # less is no reason to move a border


def best_label_offsets(
    logits: NDArray[np.floating[Any]], labels: Sequence[int], label_set: LabelSet, metric: str
) -> NDArray[np.float32]:
    """Numbers that, added to the logits, give a better score.

    A model that was trained for a short time says rare labels too seldom: their likelihood is hardly ever the highest.
    Post-hoc logit adjustment (Menon et al. 2021, section 4.1), with amounts chosen for a metric instead of taken from
    the counts: label after label is moved up or down as long as the score rises, by smaller and smaller steps. Few
    numbers for many utterances, but fitted all the same: the score here is too high, so judge on others.

    Args:
        logits: Of labelled utterances, (N, L).
        labels: Their gold labels, (N,).
        label_set: The labels.
        metric: Name of the metric to be high, one of ``metrics.from_confusion.METRICS``.

    Returns:
        (L,); zeros where nothing helps.
    """
    count, gold = len(label_set), np.asarray(labels, dtype=np.int64)
    neutral = None if label_set.neutral is None else label_set.index(label_set.neutral)

    def score(offsets: NDArray[np.float64]) -> float:
        cells = gold * count + (logits + offsets).argmax(1)
        confusion = np.bincount(cells, minlength=count**2).reshape(count, count)
        return float(metric_from_confusion(confusion, metric, neutral))

    found = np.zeros(count)
    best = score(found)
    for step in STEPS:
        for _ in range(ROUNDS):
            before = best
            for label in range(count):
                for move in (-step, step):
                    tried = found.copy()
                    tried[label] += move
                    if (value := score(tried)) > best + _GAIN:
                        best, found = value, tried
            if best == before:
                break
    return found.astype(np.float32)


OFFSETS = tuple(round(-2.0 + 0.125 * step, 3) for step in range(33))  # -2 to 2


def best_neutral_offset(
    logits: NDArray[np.floating[Any]], labels: Sequence[int], label_set: LabelSet, metric: str
) -> float:
    """The offset of the neutral logit with the best score; of equal ones the smallest.

    Training with class weights moves the border between neutral and the rest; where 83 % of the utterances are
    neutral, its place decides most of the score. Post-hoc logit adjustment (Menon et al. 2021), here for one label
    and with the amount chosen instead of taken from the counts.

    Args:
        logits: Of labelled utterances, (N, L).
        labels: Their gold labels, (N,).
        label_set: The labels.
        metric: Name of the metric to be high.

    Returns:
        One of ``OFFSETS``; 0 for a label set without neutral.
    """
    if label_set.neutral is None:
        return 0.0
    neutral = label_set.index(label_set.neutral)
    found = {}
    for offset in OFFSETS:
        moved = logits.copy()
        moved[:, neutral] += offset
        found[offset] = classification_report(labels, moved.argmax(1).tolist(), label_set).value(metric, label_set)
    return max(found, key=lambda offset: (found[offset], -abs(offset)))


def dev_offsets(
    adjusts: Literal["all", "neutral", "none"],
    logits: NDArray[np.float32],
    labels: Sequence[int],
    label_set: LabelSet,
    metric: str,
) -> NDArray[np.float32] | None:
    """What dev would have added to the logits.

    Args:
        adjusts: Which labels may be moved.
        logits: Of dev, (N, L).
        labels: Gold labels, (N,); ``NO_LABEL`` is left out.
        label_set: The labels.
        metric: Name of the metric to be high.

    Returns:
        (L,); None where no label may be moved.
    """
    if adjusts == "none":
        return None
    labelled = [i for i, y in enumerate(labels) if y != NO_LABEL]
    gold = [labels[i] for i in labelled]
    if adjusts == "all":
        return best_label_offsets(logits[labelled], gold, label_set, metric)
    offsets = np.zeros(len(label_set), dtype=np.float32)
    if label_set.neutral is not None:
        offset = best_neutral_offset(logits[labelled], gold, label_set, metric)
        offsets[label_set.index(label_set.neutral)] = offset
    return offsets


def fit_calibration(
    adjusts: Literal["all", "neutral", "none"],
    logits: NDArray[np.float32],
    labels: Sequence[int],
    label_set: LabelSet,
    metric: str,
) -> Calibration:
    """Offsets as :func:`dev_offsets` chooses them, and the temperature of the logits moved by them."""
    offsets = dev_offsets(adjusts, logits, labels, label_set, metric)
    moved = logits if offsets is None else logits + offsets
    labelled = [i for i, y in enumerate(labels) if y != NO_LABEL]
    temperature = fit_temperature(moved[labelled], [labels[i] for i in labelled])
    return Calibration(temperature, None if offsets is None else tuple(map(float, offsets)))
