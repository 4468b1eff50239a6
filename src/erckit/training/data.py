"""Training data made once: tokens, labels, histories, and the batches of every epoch."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from erckit.conversation import Conversation
from erckit.labels import LabelSet
from erckit.models.conversation_model import ModelInputs
from erckit.models.preparation import Preparation, PreparedConversations, token_batches
from erckit.training.objective import NO_LABEL
from erckit.training.recipe import TrainingSettings


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Prepared conversations with the label of every utterance row."""

    prepared: PreparedConversations
    labels: Tensor

    @classmethod
    def from_conversations(
        cls, conversations: Sequence[Conversation], label_set: LabelSet, preparation: Preparation
    ) -> TrainingData:
        """Tokenise conversations and look up their labels.

        Raises:
            LabelSetError: A gold label the label set lacks.
        """
        labels = [i for c in conversations for i in label_set.indices((u.label for u in c.utterances), NO_LABEL)]
        return cls(preparation.prepare(conversations), torch.tensor(labels))


def epoch_batches(prepared: PreparedConversations, settings: TrainingSettings, epoch: int) -> list[list[int]]:
    """Conversations of each batch of an epoch: shuffled by seed and epoch, cut by tokens."""
    generator = np.random.default_rng([settings.seed, epoch])
    order = [int(c) for c in generator.permutation(len(prepared))]
    return token_batches(prepared, order, settings.batch_tokens)


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
