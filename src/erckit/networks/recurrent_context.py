"""Systems that carry a state from utterance to utterance: a batch is the loop over the step that a stream makes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

import torch
from torch import Tensor

from erckit.networks.context_model import ContextModel
from erckit.networks.dialogues import Dialogues

State = TypeVar("State", bound="tuple[Tensor, ...]")


class RecurrentContext(ContextModel, Generic[State]):
    """A context module that reads one utterance after the other.

    The state is a NamedTuple of tensors (B, ...). Dimensions after the first may grow with the conversation (what was
    kept of every utterance so far, or of every speaker); :meth:`step` makes them grow.
    """

    reads_dialogues = True

    @abstractmethod
    def start(self, vectors: Tensor) -> State:
        """State of B conversations before their first utterance.

        Args:
            vectors: Their first utterances, (B, H), of whose kind and on whose device the state is.
        """

    @abstractmethod
    def step(self, state: State, vectors: Tensor, speakers: Tensor) -> tuple[Tensor, State]:
        """Read the next utterance of each of B conversations that have as many behind them.

        Args:
            state: After the utterances so far.
            vectors: What was said, (B, H).
            speakers: Who speaks, numbered within the conversation, (B,).

        Returns:
            Vectors in context, (B, V), and the state after the utterance.
        """

    def in_dialogues(self, vectors: Tensor, dialogues: Dialogues) -> Tensor:
        """Vectors of all utterances in context, (N, V)."""
        return dialogues.flat(self.walk(dialogues.padded(vectors), dialogues.padded(dialogues.speakers)))

    def walk(self, vectors: Tensor, speakers: Tensor) -> Tensor:
        """Vectors in context of padded conversations, (B, U, V), from (B, U, H) and speakers (B, U).

        Padding stands at the end, so that nothing before it can tell.
        """
        state = self.start(vectors[:, 0])
        seen = []
        for u in range(vectors.shape[1]):
            in_context, state = self.step(state, vectors[:, u], speakers[:, u])
            seen.append(in_context)
        return torch.stack(seen, dim=1)  # (B, U, V)

    def stream(
        self, states: Sequence[State | None], vectors: Tensor, speakers: Sequence[int]
    ) -> tuple[Tensor, list[State]]:
        """Vectors in context of the next utterance of each of n conversations, (n, V), and their states after it."""
        seen: list[Tensor] = []
        after: list[State] = []
        # One by one: conversations that are at different places have states of different sizes.
        for state, vector, speaker in zip(states, vectors, speakers, strict=True):
            said = vector[None]
            in_context, moved = self.step(
                self.start(said) if state is None else state, said, torch.tensor([speaker], device=said.device)
            )
            seen.append(in_context)
            after.append(moved)
        return torch.cat(seen), after
