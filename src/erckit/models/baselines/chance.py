"""Labels drawn at random, as often as the train split has them."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import ClassVar, Self

from erckit.conversation import Conversation
from erckit.corpora import Corpus
from erckit.models.baselines.baseline import (
    FittedBaseline,
    baseline_settings,
    label_frequencies,
    labelled_utterances,
)


class Chance(FittedBaseline):
    """Draws each utterance's label with the label's share of the train split as its probability.

    The score of the drawn label is 1, so that the label with the highest score is the one drawn. The draw depends on
    the seed and on the ids of conversation and utterance alone: an utterance keeps its label whatever else is labelled.
    """

    is_deterministic: ClassVar[bool] = False

    @classmethod
    def fit(cls, corpus: Corpus, seed: int = 1) -> Self:
        """Count the labels of the train split; the seed decides the draws."""
        self = cls(
            "baseline-chance",
            corpus.label_set,
            baseline_settings("baseline/chance", corpus, seed, attention="isolated"),
        )
        shares = label_frequencies(labelled_utterances(corpus, "train"), corpus.label_set)
        self._seen = [i for i, share in enumerate(shares) if share > 0]
        self._upper = list(accumulate(shares[i] for i in self._seen))
        self._seed = seed
        return self

    _seen: list[int]
    _upper: list[float]
    _seed: int

    def probabilities(
        self, conversations: Sequence[Conversation], report: Callable[[int], None] | None = None
    ) -> list[Sequence[Sequence[float]]]:
        """A 1 for the drawn label of every utterance and 0 for the rest, (U, L) per conversation."""
        width = len(self.label_set)
        return [
            [[float(i == drawn) for i in range(width)] for drawn in (self._draw(one.id, u.id) for u in one.utterances)]
            for one in conversations
        ]

    def _draw(self, conversation: str, utterance: str) -> int:
        """Position of a label, from a hash that is even over [0, 1)."""
        key = f"{self._seed}\x00{conversation}\x00{utterance}".encode("utf-8", "surrogatepass")
        even = int.from_bytes(hashlib.sha256(key).digest()[:7], "big") / 2**56
        # Rounding may leave the last sum a hair below 1.
        return self._seen[min(bisect_right(self._upper, even), len(self._seen) - 1)]
