"""The first of two passes: labels of earlier utterances, which the prompts of the second show."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from erckit.prompting.context.gathered import Gathered


def shown_labels(
    gathered: Gathered,
    targets: Sequence[int],
    known: NDArray[np.int64] | None,
    label: Callable[[list[int]], NDArray[np.int64]],
) -> NDArray[np.int64] | None:
    """Labels of all that the prompts of some conversations show, made where they are not known.

    Args:
        gathered: Targets and everything they may remember.
        targets: Indices of the target conversations.
        known: Labels of every utterance row that were given before, negative for none, (R,); None for none at all.
        label: Labels whole conversations without showing any label, one for each of their utterances in order,
            negative for none.

    Returns:
        Labels of every utterance row, negative where there is none, (R,); None where no past was gathered.
    """
    if gathered.past is None:
        return None
    emotions = np.full(gathered.utterances, -1, dtype=np.int64) if known is None else known.copy()
    shown = gathered.past.rows(gathered.rows(targets))
    first = gathered.owners(shown[emotions[shown] < 0])
    if first:
        rows = gathered.rows(first)
        emotions[rows] = np.where(emotions[rows] < 0, label(first), emotions[rows])
    return emotions
