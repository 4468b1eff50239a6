"""A batch of conversations as systems over utterance vectors read it: flat rows, lengths, local speakers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from erckit.conversation import Conversation

MAX_SPEAKERS = 256  # told apart in a conversation, so that a stream's state is bounded


@dataclass(frozen=True, slots=True)
class Dialogues:
    """Where each of N utterances stands: B conversations one after the other.

    Args:
        lengths: Utterances of each conversation, at least one, (B,) int64.
        speakers: Who speaks, numbered within the conversation: 0 is who speaks first, (N,) int64.
    """

    lengths: Tensor
    speakers: Tensor

    def __len__(self) -> int:
        return len(self.speakers)

    @property
    def mask(self) -> Tensor:
        """Where a padded row has an utterance, (B, U) bool."""
        places = torch.arange(int(self.lengths.max()), device=self.lengths.device)
        return places[None] < self.lengths[:, None]  # (B, U)

    def padded(self, rows: Tensor) -> Tensor:
        """Flat rows (N, ...) as (B, U, ...), zeros where a conversation has ended."""
        mask = self.mask
        result = rows.new_zeros(*mask.shape, *rows.shape[1:])
        return result.masked_scatter(mask.view(*mask.shape, *[1] * (rows.ndim - 1)), rows)  # (B, U, ...)

    def flat(self, padded: Tensor) -> Tensor:
        """Padded rows (B, U, ...) as (N, ...): what stands at an utterance, in order."""
        return padded[self.mask]  # (N, ...)

    def to(self, device: torch.device | str) -> Dialogues:
        """The same on ``device``."""
        return Dialogues(self.lengths.to(device), self.speakers.to(device))


def number_speaker(numbers: dict[str, int], speaker: str) -> int:
    """Number of who speaks next in a conversation, by first appearance.

    Args:
        numbers: Of the speakers so far, by name; a new one is added.
        speaker: Who speaks; somebody without a name is somebody new each time.

    Returns:
        0 to ``MAX_SPEAKERS - 1``; who comes after that many speakers shares the last number.
    """
    name = speaker or f"\0{len(numbers)}"
    if name not in numbers and len(numbers) >= MAX_SPEAKERS:
        return MAX_SPEAKERS - 1
    return numbers.setdefault(name, len(numbers))


def local_speakers(conversation: Conversation) -> tuple[int, ...]:
    """Number of the speaker of every utterance of a conversation."""
    numbers: dict[str, int] = {}
    return tuple(number_speaker(numbers, utterance.speaker) for utterance in conversation.utterances)


def join_dialogues(speakers: Sequence[Sequence[int]]) -> Dialogues:
    """A batch from the local speakers of each conversation."""
    flat = [number for conversation in speakers for number in conversation]
    return Dialogues(torch.tensor([len(s) for s in speakers]), torch.tensor(flat, dtype=torch.long))
