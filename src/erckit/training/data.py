"""Training data made once: tokens, labels, histories, and the batches of every epoch."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from erckit.conversation import Conversation
from erckit.corpora.mixture import KNOWN_LABELS, REPEAT
from erckit.labels import LabelSet
from erckit.networks.network import ModelInputs
from erckit.networks.preparation import Preparation, PreparedConversations, token_batches
from erckit.recipe.recipe import TrainingSettings
from erckit.training.objectives.objective import NO_LABEL


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Prepared conversations with what is learnt from them.

    Args:
        prepared: The conversations, C of them.
        labels: Label of every utterance row, (R,).
        possible: Labels that it can have, (R, L) booleans; None where every row can have all.
        repeats: How often an epoch meets each conversation, (C,).
    """

    prepared: PreparedConversations
    labels: Tensor
    possible: Tensor | None
    repeats: tuple[int, ...]

    @classmethod
    def from_conversations(
        cls, conversations: Sequence[Conversation], label_set: LabelSet, preparation: Preparation
    ) -> TrainingData:
        """Tokenise conversations and look up their labels.

        Raises:
            LabelSetError: A gold label the label set lacks.
        """
        labels = [i for c in conversations for i in label_set.indices((u.label for u in c.utterances), NO_LABEL)]
        possible = possible_labels(conversations, label_set)
        return cls(preparation.prepare(conversations), torch.tensor(labels), possible, repeats_of(conversations))


def repeats_of(conversations: Sequence[Conversation]) -> tuple[int, ...]:
    """How often an epoch meets each conversation, (C,): ``meta["repeat"]`` out of a mixture, else once.

    A lone utterance without a label is never met: there is nothing to learn from it.
    """
    lone = (len(c) == 1 and c.utterances[0].label is None for c in conversations)
    return tuple(0 if skip else int(c.meta.get(REPEAT, 1)) for c, skip in zip(conversations, lone, strict=True))


def possible_labels(conversations: Sequence[Conversation], label_set: LabelSet) -> Tensor | None:
    """Which labels the utterances of each conversation can have, (R, L) booleans; None where all can have all.

    A conversation out of a mixture says so in ``meta["known_labels"]``.
    """
    if not any(KNOWN_LABELS in c.meta for c in conversations):
        return None
    rows = [
        [label in c.meta.get(KNOWN_LABELS, label_set.labels) for label in label_set.labels]
        for c in conversations
        for _ in c.utterances
    ]
    return torch.tensor(rows)


def epoch_batches(
    prepared: PreparedConversations,
    settings: TrainingSettings,
    epoch: int,
    chances: NDArray[np.float64] | None = None,
    repeats: Sequence[int] | None = None,
) -> list[list[int]]:
    """Conversations of each batch of an epoch: shuffled by seed and epoch, cut by tokens.

    Args:
        prepared: The training conversations.
        settings: The training's settings.
        epoch: From 0 on.
        chances: Of each conversation to be in the epoch, in (0, 1]; None takes all.
        repeats: How often an epoch meets each conversation; again only after all have been met once. None is once.
    """
    generator = np.random.default_rng([settings.seed, epoch])
    order = generator.permutation(len(prepared))
    if repeats is not None:
        times = np.asarray(repeats)
        again = [generator.permutation(np.flatnonzero(times > turn)) for turn in range(1, int(times.max(initial=1)))]
        order = np.concatenate([order[times[order] > 0], *again])
    if chances is not None:
        drawn = order[generator.random(len(order)) < chances[order]]
        order = drawn if len(drawn) else order[:1]
    return token_batches(prepared, [int(c) for c in order], settings.batch_tokens)


def packed_ahead(
    batches: Sequence[list[int]], data: TrainingData, preparation: Preparation, memory: Tensor
) -> Generator[tuple[list[int], ModelInputs]]:
    """Batches with their inputs, each packed by another thread while the one before it is trained on.

    The history vectors are read when a batch is asked for, not when it is packed ahead, so they are the newest.
    """

    def build(chosen: list[int]) -> tuple[ModelInputs, Tensor]:
        return preparation.inputs(data.prepared, chosen)

    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(build, batches[0]) if batches else None
        for i, chosen in enumerate(batches):
            assert future is not None
            inputs, outside = future.result()
            if i + 1 < len(batches):
                future = thread.submit(build, batches[i + 1])
            yield chosen, inputs.with_outside(memory[outside.to(memory.device)])
