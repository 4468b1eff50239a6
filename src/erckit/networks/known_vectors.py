"""Utterance vectors that a frozen backbone gave before the network is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from erckit.conversation import Conversation
from erckit.encoding.vectors.text_vectors import distinct_vectors
from erckit.networks.network import ConversationModel
from erckit.networks.preparation import Preparation, PreparedConversations


@dataclass(frozen=True, slots=True)
class KnownVectors:
    """Vectors of utterances, kept once per distinct text.

    Args:
        table: Vectors of the distinct texts, (D, V), 16- or 32-bit floats.
        rows: Row of ``table`` for every utterance, (utterances,).
    """

    table: Tensor
    rows: Tensor

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, utterances: Tensor) -> Tensor:
        """Vectors of the given utterance rows, (R, V), 32-bit floats."""
        return self.table[self.rows[utterances]].float()

    def first(self, utterances: int) -> KnownVectors:
        """Those of the first utterances only; the table is shared."""
        return KnownVectors(self.table, self.rows[:utterances])


def with_known_vectors(
    model: ConversationModel,
    preparation: Preparation,
    prepared: PreparedConversations,
    conversations: Sequence[Conversation],
    backbone_folder: Path,
    *,
    precision: str,
    checksum: str = "",
    keep: bool = True,
    quiet: bool = True,
) -> PreparedConversations:
    """The same conversations with the vectors of a frozen backbone, where the model has one.

    Args:
        model: Unless its ``reads_known_vectors`` is true, ``prepared`` comes back as it is.
        preparation: Of the model.
        prepared: The conversations, prepared.
        conversations: What they were prepared from.
        backbone_folder: The model's backbone.
        precision: ``fp32`` or ``bf16``.
        checksum: sha256 of the backbone's weights where it is known.
        keep: Whether new vectors are added to the cache folder.
        quiet: No progress.
    """
    if not model.reads_known_vectors:
        return prepared
    table, rows = distinct_vectors(
        [utterance.text for conversation in conversations for utterance in conversation.utterances],
        backbone_folder,
        max_tokens=preparation.tokenizer.max_utterance_tokens,
        precision=precision,
        layers=preparation.settings.sentemo.layers,
        keep=keep,
        quiet=quiet,
        encoder=model.encoder,
        checksum=checksum,
    )
    return replace(prepared, vectors=KnownVectors(torch.from_numpy(table), torch.from_numpy(rows)))
