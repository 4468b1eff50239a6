"""Which conversations an epoch learns from, where most of them hold nothing but neutral utterances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from erckit.errors import SettingError, nearest
from erckit.labels import LabelSet
from erckit.training.objectives.objective import NO_LABEL

if TYPE_CHECKING:
    from erckit.conversation import Conversation
    from erckit.recipe.recipe import TrainingSettings

REST = "*"


def conversation_chances(
    conversations: Sequence[Conversation], label_set: LabelSet, settings: TrainingSettings
) -> NDArray[np.float64] | None:
    """Chance of each conversation to be in an epoch under a training's settings, see :func:`keep_chances`."""
    labels = [label_set.indices((u.label for u in c.utterances), NO_LABEL) for c in conversations]
    return keep_chances(labels, label_set, settings.kept_conversations, settings.sampling)


def keep_chances(
    labels: Sequence[Sequence[int]], label_set: LabelSet, kept: Mapping[str, float], sampling: str = "all"
) -> NDArray[np.float64] | None:
    """Chance of each conversation to be in an epoch: that of its likeliest label.

    Args:
        labels: Label indices of every conversation's utterances, ``NO_LABEL`` for none.
        label_set: The labels.
        kept: Chance by label; ``*`` stands for the others, 1 where it is missing. Not empty: ``sampling`` is ignored.
        sampling: ``all``; ``inverse``, the smallest count over the label's; ``sqrt_inverse``, its square root.

    Returns:
        In (0, 1], one per conversation; None where all are taken. A conversation without any label has the least
        chance of all.

    Raises:
        SettingError: A label the corpus lacks.
    """
    for label in kept:
        if label != REST and label not in label_set.labels:
            raise SettingError(
                f"'training.kept_conversations.{label}': no such label. {nearest(label, label_set.labels)}"
            )
    if kept:
        chances = np.array([kept.get(label, kept.get(REST, 1.0)) for label in label_set.labels])
    elif sampling == "all":
        return None
    else:
        flat = np.array([y for conversation in labels for y in conversation if y != NO_LABEL], dtype=np.int64)
        counts = np.bincount(flat, minlength=len(label_set)).clip(min=1)
        chances = counts.min() / counts if sampling == "inverse" else np.sqrt(counts.min() / counts)
    least = float(chances.min())
    return np.array([max([chances[y] for y in set(found) if y != NO_LABEL], default=least) for found in labels])
