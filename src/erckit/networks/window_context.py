"""Systems that look at a window of earlier utterances for every target."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from erckit.memory.history import preceding_rows
from erckit.networks.context_model import ContextModel
from erckit.networks.dialogues import Dialogues

ROWS_AT_A_TIME = 1024  # targets looked at together outside training, so that memory stays bounded

Window = tuple[Tensor, ...]  # the latest vectors (H,) of a conversation, oldest first


class WindowContext(ContextModel):
    """A context module that reads each target and the C vectors before it: a stream keeps those C."""

    reads_dialogues = True

    @property
    @abstractmethod
    def context_window(self) -> int:
        """Utterances before a target that the module reads, C."""

    @abstractmethod
    def look(self, targets: Tensor, sources: Tensor, windows: Tensor) -> Tensor:
        """Vectors of targets in context.

        Args:
            targets: (R, H).
            sources: Vectors that windows point to, (S, H).
            windows: Rows of ``sources``, oldest first and right-aligned, -1 for none, (R, C).

        Returns:
            (R, H), 32-bit floats.
        """

    def in_dialogues(self, vectors: Tensor, dialogues: Dialogues) -> Tensor:
        """Vectors of all utterances in context, (N, H)."""
        rows = preceding_rows(dialogues.lengths.tolist(), self.context_window)
        windows = torch.from_numpy(rows).to(vectors.device)
        if self.training:
            return self.look(vectors, vectors, windows)
        parts = zip(vectors.split(ROWS_AT_A_TIME), windows.split(ROWS_AT_A_TIME), strict=True)
        return torch.cat([self.look(targets, vectors, near) for targets, near in parts])

    def stream(
        self, states: Sequence[Window | None], vectors: Tensor, speakers: Sequence[int]
    ) -> tuple[Tensor, list[Window]]:
        """Vectors in context of the next utterance of each of n conversations, (n, H), and their windows after it."""
        size = self.context_window
        kept = [vector for state in states for vector in state or ()]
        windows = torch.full((len(states), size), -1)
        at = 0
        for i, state in enumerate(states):
            if state:
                windows[i, -len(state) :] = torch.arange(at, at + len(state))
                at += len(state)
        sources = torch.stack(kept).to(vectors.device) if kept else vectors.new_empty(0, vectors.shape[1])
        seen = self.look(vectors, sources, windows.to(vectors.device))
        return seen, [(*(state or ()), vector)[-size:] for state, vector in zip(states, vectors, strict=True)]
