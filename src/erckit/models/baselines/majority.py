"""The most frequent label of the train split, for every utterance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

from erckit.conversation import Conversation
from erckit.corpora import Corpus
from erckit.models.baselines.baseline import (
    FittedBaseline,
    baseline_settings,
    label_frequencies,
    labelled_utterances,
)


class Majority(FittedBaseline):
    """Gives every utterance the most frequent label of the train split; of equals, the first of the label set.

    Its scores are the labels' shares of the train split, the same for every utterance. They are the best that can be
    said without reading the text: with a 1 for the label and a 0 for the rest, its calibration error would say
    nothing but its accuracy.
    """

    @classmethod
    def fit(cls, corpus: Corpus, seed: int = 1) -> Self:
        """Count the labels of the train split; the seed changes nothing."""
        self = cls(
            "baseline-majority",
            corpus.label_set,
            baseline_settings("baseline/majority", corpus, seed, attention="isolated"),
        )
        self.shares = label_frequencies(labelled_utterances(corpus, "train"), corpus.label_set)
        return self

    shares: list[float]

    def probabilities(
        self, conversations: Sequence[Conversation], report: Callable[[int], None] | None = None
    ) -> list[Sequence[Sequence[float]]]:
        """The train shares for every utterance, (U, L) per conversation."""
        return [[self.shares] * len(conversation) for conversation in conversations]
