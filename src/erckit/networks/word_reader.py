"""An LSTM over word embeddings: how the published baseline without a sentence encoder reads an utterance."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from erckit.encoding.packing import PackedBatch


class WordReader(nn.Module):
    """Last state of an LSTM over the fixed embeddings of an utterance's words.

    Args:
        table: Word embeddings, (words, E); not trained and not kept with the model.
        width: H, of the state.
    """

    def __init__(self, table: Tensor, width: int) -> None:
        super().__init__()
        self.register_buffer("table", table.detach().float(), persistent=False)
        self.table: Tensor
        self.lstm = nn.LSTM(table.shape[1], width, batch_first=True)

    def forward(self, batch: PackedBatch) -> Tensor:
        """Vectors of the utterances that the batch reads, (R, H)."""
        read = batch.rows >= 0
        rows, places = batch.rows[read], batch.positions[read]
        lengths = torch.bincount(rows, minlength=batch.utterances)
        words = torch.zeros(batch.utterances, int(lengths.max()), dtype=torch.int64, device=rows.device)
        words[rows, places] = batch.tokens[read]  # (R, T)
        packed = nn.utils.rnn.pack_padded_sequence(
            nn.functional.embedding(words, self.table), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        with torch.autocast(rows.device.type, enabled=False):
            _, (state, _) = self.lstm(packed)
        return state[-1]  # type: ignore[no-any-return]  # (R, H)
