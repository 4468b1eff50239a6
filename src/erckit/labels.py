"""Label sets: ordered labels, and which of them is neutral."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from erckit.errors import LabelSetError, nearest


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Ordered labels a model scores or a corpus uses.

    Args:
        labels: At least two distinct, non-empty labels; the order is the order of score vectors.
        neutral: The label that means "no emotion", or None when the set has none.

    Raises:
        LabelSetError: Fewer than two labels, a repeated label, or a neutral label outside the set.
    """

    labels: tuple[str, ...]
    neutral: str | None = None

    def __post_init__(self) -> None:
        if len(self.labels) < 2:
            raise LabelSetError(f"a label set needs at least two labels, got {list(self.labels)}.")
        if len(set(self.labels)) != len(self.labels) or not all(self.labels):
            raise LabelSetError(f"labels must be distinct and not empty, got {list(self.labels)}.")
        if self.neutral is not None and self.neutral not in self.labels:
            raise LabelSetError(f"neutral label '{self.neutral}' is not one of {list(self.labels)}.")

    def __len__(self) -> int:
        return len(self.labels)

    def __contains__(self, label: object) -> bool:
        return label in self.labels

    def index(self, label: str) -> int:
        """Position of ``label`` in score vectors, 0 to len - 1.

        Raises:
            LabelSetError: The set lacks the label; the message names the nearest one.
        """
        try:
            return self.labels.index(label)
        except ValueError:
            raise LabelSetError(f"unknown label '{label}'. {nearest(label, self.labels)}") from None

    def indices(self, labels: Iterable[str | None], missing: int = -100) -> list[int]:
        """Positions of many labels; None (no gold label) becomes ``missing``."""
        return [missing if label is None else self.index(label) for label in labels]
