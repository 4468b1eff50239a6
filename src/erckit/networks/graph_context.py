"""Systems that pass vectors on along edges between utterances; a stream reads the kept vectors again."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from erckit.networks.context_model import ContextModel
from erckit.networks.dialogues import Dialogues

Kept = tuple[Tensor, tuple[int, ...]]  # vectors (t, H) of a conversation so far, and who spoke


class GraphContext(ContextModel):
    """A context module over a graph of the utterances of a conversation.

    No edge joins two conversations. Where the system is causal, no edge leads from an utterance to an earlier one.
    """

    reads_dialogues = True

    @abstractmethod
    def pass_on(self, nodes: Tensor, dialogues: Dialogues) -> Tensor:
        """Vectors in context, (N, V), from vectors of utterances, (N, H)."""

    @property
    def reach(self) -> int:
        """Utterances before a target that can change its vector; 0 for all of the conversation.

        A module with a reach must not ask how far an utterance is from the beginning.
        """
        return 0

    def in_dialogues(self, vectors: Tensor, dialogues: Dialogues) -> Tensor:
        """Vectors of all utterances in context, (N, V)."""
        return self.pass_on(vectors, dialogues)

    def stream(
        self, states: Sequence[Kept | None], vectors: Tensor, speakers: Sequence[int]
    ) -> tuple[Tensor, list[Kept]]:
        """Vectors in context of the next utterance of each of n conversations, (n, V), and what is kept after it."""
        kept: list[Kept] = []
        for state, vector, speaker in zip(states, vectors, speakers, strict=True):
            before, spoke = (vector[None][:0], ()) if state is None else state
            both, who = torch.cat([before.to(vector), vector[None]]), (*spoke, speaker)
            first = max(0, len(who) - self.reach - 1) if self.reach else 0
            kept.append((both[first:], who[first:]))
        lengths = torch.tensor([len(who) for _, who in kept], device=vectors.device)
        numbers = torch.tensor([number for _, who in kept for number in who], device=vectors.device)
        seen = self.pass_on(torch.cat([rows for rows, _ in kept]), Dialogues(lengths, numbers))
        return seen[lengths.cumsum(0) - 1], kept
