"""Batches of an epoch, and the history vectors they get."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from erckit.errors import LabelSetError
from erckit.labels import LabelSet
from erckit.memory.identity import SpeakerRegistry
from erckit.models.model_settings import model_settings
from erckit.networks.preparation import Preparation
from erckit.recipe.training_settings import TrainingSettings
from erckit.training.data import TrainingData, epoch_batches, packed_ahead
from erckit.training.objectives.objective import NO_LABEL


@pytest.fixture(scope="module")
def preparation(tiny_backbone: Callable[[str], Any]) -> Preparation:
    return Preparation(model_settings({}), SpeakerRegistry("global"), tiny_backbone("bert"), 128)


@pytest.fixture(scope="module")
def data(preparation: Preparation, tiny_corpus: Any) -> TrainingData:
    return TrainingData.from_conversations(tiny_corpus.splits["train"], tiny_corpus.label_set, preparation)


@given(seed=st.integers(0, 99), epoch=st.integers(0, 9), batch_tokens=st.integers(1, 500))
def test_every_conversation_is_in_one_batch_of_bounded_size(data, seed: int, epoch: int, batch_tokens: int) -> None:
    settings = TrainingSettings(seed=seed, batch_tokens=batch_tokens)
    batches = epoch_batches(data.prepared, settings, epoch)
    assert sorted(c for batch in batches for c in batch) == list(range(len(data.prepared)))
    for batch in batches:
        tokens = [data.prepared.tokenized[c].tokens for c in batch]
        assert sum(tokens) <= batch_tokens or len(batch) == 1
    assert batches == epoch_batches(data.prepared, settings, epoch)


def test_order_changes_with_seed_and_epoch(data: TrainingData) -> None:
    orders = [
        [c for batch in epoch_batches(data.prepared, TrainingSettings(seed=seed), epoch) for c in batch]
        for seed in (1, 2)
        for epoch in (0, 1)
    ]
    assert len({tuple(order) for order in orders}) == 4


def test_repeated_conversations_come_again_after_all_have_come(data: TrainingData) -> None:
    repeats = [1] * len(data.prepared)
    repeats[2], repeats[5] = 3, 2
    batches = epoch_batches(data.prepared, TrainingSettings(batch_tokens=1), 0, repeats=repeats)
    order = [c for batch in batches for c in batch]
    count = len(repeats)
    assert sorted(order[:count]) == list(range(count))
    assert sorted(order[count : count + 2]) == [2, 5]
    assert order[count + 2 :] == [2]


def test_batches_read_the_newest_history(data: TrainingData, preparation: Preparation) -> None:
    memory = torch.zeros(data.prepared.utterances, 4)
    batches = [[c] for c in range(len(data.prepared))]
    asked = 0
    for number, (chosen, inputs) in enumerate(packed_ahead(batches, data, preparation, memory), 1):
        assert chosen == batches[number - 1]
        rows = data.prepared.rows(chosen)
        windows = data.prepared.windows[rows]
        outside = sorted({int(r) for r in windows.flatten() if r >= 0} - set(rows.tolist()))
        assert inputs.outside.tolist() == memory[outside].tolist()
        for found, wanted in zip(inputs.windows.tolist(), windows.tolist(), strict=True):
            meant = [-1 if i < 0 else int(rows[i]) if i < len(rows) else outside[i - len(rows)] for i in found]
            assert meant == wanted
        asked += len(outside)
        memory += 1  # as a training step would: what follows must see it
    assert asked > 10


def test_labels_by_row(preparation: Preparation, tiny_corpus: Any, talk: Any) -> None:
    conversations = [talk(1, 3), talk(2, 2)]
    labels = TrainingData.from_conversations(conversations, tiny_corpus.label_set, preparation).labels
    names = [u.label for c in conversations for u in c.utterances]
    assert [tiny_corpus.label_set.labels[y] for y in labels] == names
    assert NO_LABEL not in labels
    with pytest.raises(LabelSetError):
        TrainingData.from_conversations(conversations, LabelSet(("x", "y")), preparation)
