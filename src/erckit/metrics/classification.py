"""Every score of one set of predictions, all of them scikit-learn's."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from erckit.errors import ErckitError
from erckit.labels import LabelSet
from erckit.metrics.from_confusion import METRICS, NO_LABEL, metric_from_confusion


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Scores of one label.

    Args:
        precision: In [0, 1]; 0 when the label was never predicted.
        recall: In [0, 1]; 0 when no gold utterance carries the label.
        f1: Harmonic mean of both, in [0, 1].
        support: Gold utterances with the label.
        predicted: Utterances predicted as the label.
    """

    precision: float
    recall: float
    f1: float
    support: int
    predicted: int


@dataclass(frozen=True, slots=True)
class ClassificationScores:
    """All scores of one set of predictions, as fractions.

    "No neutral" means that the average runs over the other labels; the utterances with a neutral gold label stay
    in, so a false alarm on them still costs precision. In a label set without a neutral label the average runs over
    all labels.

    Args:
        weighted_f1: Mean of the labels' F1, weighted by support.
        macro_f1: Plain mean of the labels' F1; a label that never occurs counts as 0.
        macro_f1_no_neutral: The same without the neutral label.
        micro_f1_no_neutral: F1 of the counts pooled over the labels other than neutral.
        accuracy: Share of right predictions.
        mcc: Matthews correlation coefficient, in [-1, 1]; 0 when gold or predictions hold one label only.
        per_class: Label to its scores, in label-set order.
        confusion: (L, L) counts; rows are gold labels, columns predicted ones. Predictions that name no label are in
            none of the columns.
    """

    weighted_f1: float
    macro_f1: float
    macro_f1_no_neutral: float
    micro_f1_no_neutral: float
    accuracy: float
    mcc: float
    per_class: dict[str, ClassScores]
    confusion: list[list[int]]

    def value(self, metric: str, label_set: LabelSet) -> float:
        """One score by its name, those of other packages included.

        Args:
            metric: A name of :func:`erckit.metrics.metric_names`.
            label_set: The labels that were scored.
        """
        if metric in METRICS:
            return float(getattr(self, metric))
        counts = np.array(self.confusion)  # (L, L)
        # What named no label is in none of the columns: a column of its own.
        unnamed = np.array([self.per_class[label].support for label in label_set.labels]) - counts.sum(axis=1)  # (L,)
        neutral = label_set.index(label_set.neutral) if label_set.neutral else None
        return float(metric_from_confusion(np.column_stack([counts, unnamed]), metric, neutral))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, dicts and lists, ready for JSON."""
        return asdict(self)


def classification_report(
    gold: Sequence[int] | NDArray[Any], predicted: Sequence[int] | NDArray[Any], label_set: LabelSet
) -> ClassificationScores:
    """Score predictions against gold labels.

    Args:
        gold: (N,) label positions, each in [0, L).
        predicted: (N,) label positions, each in [0, L); ``NO_LABEL`` where none was named, which is wrong.
        label_set: The L labels, and which of them is neutral.

    Returns:
        Every score; labels that do not occur score 0, without a warning.

    Raises:
        ErckitError: Nothing to score, lengths that differ, or a position outside the label set.
    """
    from sklearn import metrics as sk

    y_true, y_pred = np.asarray(gold, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    _check(y_true, y_pred, len(label_set))
    every = list(range(len(label_set)))
    emotional = [i for i in every if label_set.labels[i] != label_set.neutral]

    precision, recall, f1, support = sk.precision_recall_fscore_support(y_true, y_pred, labels=every, zero_division=0)
    confusion = sk.confusion_matrix(y_true, y_pred, labels=every)
    share = confusion.sum(axis=0)
    with warnings.catch_warnings():
        # A split where everything carries one label is a legal input; scikit-learn warns of its 1 x 1 matrix.
        warnings.simplefilter("ignore", UserWarning)
        mcc = float(sk.matthews_corrcoef(y_true, y_pred))

    def f1_over(labels: list[int], average: str) -> float:
        return float(sk.f1_score(y_true, y_pred, labels=labels, average=average, zero_division=0))

    return ClassificationScores(
        weighted_f1=f1_over(every, "weighted"),
        macro_f1=f1_over(every, "macro"),
        macro_f1_no_neutral=f1_over(emotional, "macro"),
        micro_f1_no_neutral=f1_over(emotional, "micro"),
        accuracy=float(sk.accuracy_score(y_true, y_pred)),
        mcc=mcc,
        per_class={
            label: ClassScores(float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]), int(share[i]))
            for i, label in enumerate(label_set.labels)
        },
        confusion=[[int(count) for count in row] for row in confusion],
    )


def _check(gold: np.ndarray[Any, Any], predicted: np.ndarray[Any, Any], labels: int) -> None:
    if gold.ndim != 1 or gold.shape != predicted.shape:
        raise ErckitError(
            f"gold labels {gold.shape} and predictions {predicted.shape} must be two lists of the same length; "
            "pass one prediction per gold label."
        )
    if gold.size == 0:
        raise ErckitError("there is no utterance with a gold label to score; choose a split that has gold labels.")
    for name, values in (("gold label", gold), ("prediction", predicted)):
        least = NO_LABEL if name == "prediction" else 0
        if values.min() < least or values.max() >= labels:
            bad = int(values.min()) if values.min() < least else int(values.max())
            raise ErckitError(
                f"{name} {bad} is outside the label set of {labels} labels; "
                "leave out utterances without a gold label before scoring."
            )
