"""A system of another package: what a speaker said so far, fading, beside what was said now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from erckit.networks.dialogues import MAX_SPEAKERS
from erckit.networks.recurrent_context import RecurrentContext
from erckit.settings import require


@dataclass(frozen=True, slots=True)
class FadingSettings:
    """Settings of ``fading``.

    Args:
        keeps: Share of a speaker's past that stays with each of their utterances, in [0, 1).
        hidden: Width of the vectors that the label head reads.
    """

    keeps: float = 0.5
    hidden: int = 16

    def __post_init__(self) -> None:
        require(self, "keeps", least=0, below=1)
        require(self, "hidden", least=1)


class Past(NamedTuple):
    """What is carried from utterance to utterance."""

    speakers: Tensor  # (B, S, H)


class Fading(RecurrentContext[Past]):
    """hidden = tanh(W [what was said; the speaker's past]).

    Source: none; an example of a system that a package brings.
    """

    Settings: ClassVar[type[Any] | None] = FadingSettings

    def build_context(self, width: int) -> int:
        self.mix = nn.Linear(2 * width, self.settings.own.hidden)
        return self.settings.own.hidden

    def start(self, vectors: Tensor) -> Past:
        return Past(vectors.new_zeros(len(vectors), MAX_SPEAKERS, vectors.shape[1]))

    def step(self, state: Past, vectors: Tensor, speakers: Tensor) -> tuple[Tensor, Past]:
        rows, keeps = torch.arange(len(vectors), device=vectors.device), self.settings.own.keeps
        past = state.speakers[rows, speakers]  # (B, H)
        hidden = torch.tanh(self.mix(torch.cat([vectors, past], 1)))  # (B, hidden)
        return hidden, Past(state.speakers.index_put((rows, speakers), keeps * past + (1 - keeps) * vectors))
