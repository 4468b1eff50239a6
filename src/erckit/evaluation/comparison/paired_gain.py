"""What one system gains over another, conversation by conversation: interval and p."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DRAWS = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class PairedGain:
    """Two systems on the same queries of C conversations.

    Episodes draw from one split again and again: however many there are, they know no more conversations than it
    holds. So the conversation is the unit of the interval and of the test.

    Args:
        conversations: Their ids, C of them, each once.
        gained: Weighted number of queries that the first system has right minus that of the second, (C,).
        weight: Weight of the queries of each conversation, positive, (C,). The difference is the sum of ``gained``
            over that of ``weight``.
    """

    conversations: tuple[str, ...]
    gained: NDArray[np.float64]
    weight: NDArray[np.float64]

    @property
    def difference(self) -> float:
        """Mean gain, a fraction in [-1, 1]."""
        return float(self.gained.sum() / self.weight.sum())

    def test(self, seed: int) -> tuple[tuple[float, float], float]:
        """95 % interval of the difference and p, two-sided.

        Interval: bootstrap over conversations. p: approximate randomisation, the systems swapped in each
        conversation with chance one half. 10,000 draws each.
        """
        count = len(self.gained)
        rng = np.random.default_rng((seed, 2))
        drawn, extreme = np.empty(_DRAWS), 0
        for start in range(0, _DRAWS, 500):
            times = rng.multinomial(count, np.full(count, 1 / count), size=500)  # (500, C)
            drawn[start : start + 500] = (times @ self.gained) / (times @ self.weight)
            signs = rng.choice([-1.0, 1.0], size=(500, count))  # (500, C)
            extreme += int((np.abs(signs @ self.gained) >= abs(self.gained.sum()) - 1e-12).sum())
        low, high = np.quantile(drawn, [0.025, 0.975])
        return (float(low), float(high)), (extreme + 1) / (_DRAWS + 1)

    def to_data(self) -> dict[str, Any]:
        """As a result file keeps it, to 9 decimals."""
        return {
            "conversations": list(self.conversations),
            "gained": [round(float(value), 9) for value in self.gained],
            "weight": [round(float(value), 9) for value in self.weight],
        }


def gain_by_conversation(
    names: Sequence[str],
    conversations: NDArray[np.int64],
    queries: Sequence[Sequence[NDArray[np.int64]]],
    ours: Sequence[Sequence[NDArray[np.bool_]]],
    theirs: Sequence[Sequence[NDArray[np.bool_]]],
) -> PairedGain:
    """Gains of episodes; episodes weigh the same, and so do the labels of an episode.

    Args:
        names: Ids of all conversations.
        conversations: Position in ``names`` of each utterance, (N,).
        queries: For each of E episodes, per label, rows of the utterances that were labelled.
        ours: Which the first system had right, laid out as ``queries``.
        theirs: Which the second had right.
    """
    gained, weight = np.zeros(len(names)), np.zeros(len(names))
    for episode, left, right in zip(queries, ours, theirs, strict=True):
        for rows, one, other in zip(episode, left, right, strict=True):
            share = 1 / (len(queries) * len(episode) * len(rows))
            np.add.at(gained, conversations[rows], share * (one.astype(float) - other))
            np.add.at(weight, conversations[rows], share)
    asked = np.flatnonzero(weight > 0)
    return PairedGain(tuple(names[i] for i in asked.tolist()), gained[asked], weight[asked])
