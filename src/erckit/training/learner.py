"""Learner: what a training run needs of the system it trains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from erckit.corpora.corpus import Corpus
from erckit.model_folder.folder import Calibration
from erckit.recipe.recipe import Recipe
from erckit.training.cost import DryRun

if TYPE_CHECKING:
    from accelerate import Accelerator


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training conversations.

    Args:
        batches: Conversations of each batch, in order.
        stage: Part of the training it belongs to, with a learning rate schedule of its own; empty where there is one.
        is_scored: Whether dev is scored during it.
    """

    batches: list[list[int]]
    stage: str = ""
    is_scored: bool = True


@dataclass(frozen=True, slots=True)
class Moment:
    """When a step is done.

    Args:
        stage: Of the epoch.
        epoch: From 0 on.
        batch: Batches of the epoch that are done.
        progress: Share of the stage's steps that are done, 0 at its first step and 1 at its last.
    """

    stage: str
    epoch: int
    batch: int
    progress: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished run says of the weights it chose.

    Args:
        best: Dev scores that chose them, with their epoch and step.
        plain: Dev scores of the labels that the model itself prefers.
        adjusted: Dev scores with the offsets of ``calibration``.
        calibration: Fitted on dev.
        facts: ``selected_by``, ``training_seconds`` and ``training_device``.
    """

    best: Mapping[str, Any]
    plain: Mapping[str, float]
    adjusted: Mapping[str, float]
    calibration: Calibration
    facts: Mapping[str, Any]


class Learner(Protocol):
    """A system being trained: its model, its batches, its loss and its folder. The loop around it is ``run.Run``.

    It is made after the seed was set and before anything is restored. A piece is what one backward pass is over.

    Attributes:
        model: Its trained tensors are averaged, checkpointed and saved.
        wrapped: What is called in training, so that processes share gradients.
        optimizer: Over the trained tensors; there is none where nothing is trained.
        device: Where the model is.
        adjusts: Offsets that dev chooses: of ``all`` labels, of the ``neutral`` one, or ``none``.
        is_trained: False where the model is only written as it is.
        rates: Recipe keys of the learning rates.
        is_rescored: Whether the saved model scores dev otherwise than an epoch's end did.
        finds_unused: Whether a step may leave trained tensors without gradients.
    """

    rates: ClassVar[str]
    is_rescored: ClassVar[bool]
    finds_unused: ClassVar[bool]
    wrapped: nn.Module
    optimizer: torch.optim.AdamW
    device: torch.device
    is_trained: bool

    def __init__(self, recipe: Recipe, corpus: Corpus, accelerator: Accelerator, quiet: bool) -> None: ...

    @property
    def model(self) -> nn.Module:
        """What is trained, not wrapped."""

    @property
    def adjusts(self) -> Literal["all", "neutral", "none"]:
        """Offsets that dev chooses."""

    def plan(self) -> list[Epoch]:
        """All epochs, fixed by the recipe's seed."""

    def begin(self) -> None:
        """What comes before the first step of a training."""

    def ahead(self, order: Sequence[list[int]]) -> AbstractContextManager[None]:
        """Within it, the batches that this process runs until the epoch's end may be made ahead of time."""

    def pieces(self, batches: Sequence[list[int]], moment: Moment) -> Iterator[Any]:
        """Pieces of one step's batches, those that this process runs."""

    def asked(self, group: Sequence[list[int]], moment: Moment) -> int:
        """What a step's loss is divided by, over the batches of all processes; at least 1."""

    def loss(self, piece: Any, moment: Moment) -> Tensor:
        """Summed loss of one piece, a scalar with gradients."""

    def step_done(self, moment: Moment) -> Mapping[str, float]:
        """Processes tell each other what the step changed; what the journal says of it besides loss and gradient."""

    def epoch_done(self, epoch: Epoch) -> None:
        """Processes tell each other what the epoch changed."""

    def dev_logits(self, is_final: bool = False) -> NDArray[np.float32]:
        """Logits of all dev utterances, (N, L); of the model that is saved if ``is_final``."""

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint keeps besides weights, average, optimiser and random state."""

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Undo :meth:`state`; ``tensors`` may hold others."""

    def save(self, folder: Path, outcome: Outcome) -> None:
        """Write the model folder, whole or not at all."""

    @classmethod
    def cost(cls, recipe: Recipe, corpus: Corpus) -> DryRun:
        """What a training would take, estimated from its real tokens and this machine's rate of matrix products."""
