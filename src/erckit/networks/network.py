"""What every model reads and returns: the contract that training and inference are written against."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from erckit.encoding.encoder import ConversationEncoder
from erckit.encoding.packing import PackedBatch
from erckit.networks.dialogues import Dialogues
from erckit.networks.shared_settings import SHARED_SETTINGS, ModelSettings


@dataclass(frozen=True, slots=True)
class ModelInputs:
    """What a model reads for a batch with R target utterances.

    Args:
        batch: The conversations, packed.
        plain: The same utterances packed in isolation, where the history encoder reads them so; else None.
        outside: History vectors of utterances outside the batch, (M, H).
        windows: For each target, rows of its speaker's history, oldest first and right-aligned: below R a target of
            this batch, from R on a row of ``outside``, -1 for none, (R, W).
        vectors: What a frozen backbone read before off the targets, and after them off the M utterances outside the
            batch, (R + M, V); ``batch`` and ``outside`` are then empty. None where the model reads the batch itself.
        dialogues: The conversations of the targets; None where the model's context comes with its vectors.
        speakers: Identity of each speaker, a row of the speaker embedding, (R,) or (R + M,) as ``vectors``; None
            where nothing asks.
    """

    batch: PackedBatch
    plain: PackedBatch | None
    outside: Tensor
    windows: Tensor
    vectors: Tensor | None = None
    dialogues: Dialogues | None = None
    speakers: Tensor | None = None

    def with_outside(self, outside: Tensor) -> ModelInputs:
        """The same inputs with the vectors of utterances outside the batch, (M, H)."""
        return replace(self, outside=outside)

    def to(self, device: torch.device | str) -> ModelInputs:
        """The same inputs on ``device``."""
        return ModelInputs(
            self.batch.to(device),
            None if self.plain is None else self.plain.to(device),
            self.outside.to(device),
            self.windows.to(device),
            None if self.vectors is None else self.vectors.to(device),
            None if self.dialogues is None else self.dialogues.to(device),
            None if self.speakers is None else self.speakers.to(device),
        )


@dataclass(frozen=True, slots=True)
class ModelOutput:
    """What a model says about the targets.

    Args:
        logits: (R, L).
        memory: The vectors by which later utterances remember them, (R, H).
        vectors: What the label head read, (R, V).
    """

    logits: Tensor
    memory: Tensor
    vectors: Tensor


class ConversationModel(nn.Module, ABC):
    """A system that scores all utterances of packed conversations at once.

    A system declares what can be set on it; ``erckit.models.model_settings`` refuses everything else.

    Attributes:
        Settings: Dataclass of the hyper-parameters that are the system's own, with a default each; None for none.
        reads_settings: Keys below ``model`` that it reads of those that all systems share, dotted; the name of a
            group stands for all of it.
        defaults: Defaults of such keys that differ for this system, by dotted key.
        choices: Values of such keys that this system knows, where it does not know all.
        label_head: What the names of the label head's parameters begin with.
        speaker_tables: Names of parameters with a row per known speaker, or parts of their names.
        reads_dialogues: Whether it puts vectors of utterances that were read alone into context by itself.
        settings: The model's settings.
        encoder: Encoder of the context; its ``width`` is H.
        has_history: Whether ``represent`` reads memory vectors.
    """

    Settings: ClassVar[type[Any] | None] = None
    reads_settings: ClassVar[frozenset[str]] = SHARED_SETTINGS
    defaults: ClassVar[Mapping[str, Any]] = {}
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    label_head: ClassVar[str] = "classifier"
    speaker_tables: ClassVar[tuple[str, ...]] = ("speakers",)
    reads_dialogues: ClassVar[bool] = False

    settings: ModelSettings
    encoder: ConversationEncoder
    has_history: bool

    @classmethod
    def is_causal(cls, settings: ModelSettings) -> bool:
        """Whether no prediction can depend on a later utterance."""
        return settings.attention != "full" and settings.history.scope != "chunk"

    @classmethod
    def keeps_vectors(cls, settings: ModelSettings) -> bool:
        """Whether its backbone is frozen and reads every utterance alone, so that vectors are computed once."""
        return False

    @classmethod
    def trains_head_first(cls, settings: ModelSettings) -> bool:
        """Whether ``training.head_first`` can train its label head alone on single utterances."""
        return False

    @property
    def max_tokens(self) -> int:
        """Tokens that the backbone reads together."""
        return self.encoder.max_tokens

    @property
    def memory_width(self) -> int:
        """Length of the vectors by which utterances are remembered, H."""
        return self.encoder.width

    def project(self, vectors: Tensor) -> Tensor:
        """What the label head scores of single utterances, (N, H), from vectors of the frozen backbone, (N, V)."""
        return vectors

    def head_parameters(self) -> list[nn.Parameter]:
        """Parameters of the label head, which scores vectors."""
        return [p for name, p in self.named_parameters() if name.startswith(self.label_head)]

    @property
    def label_bias(self) -> nn.Parameter:
        """Bias of the label head, (L,): what is added to every logit."""
        return self.classifier.bias  # type: ignore[union-attr,return-value]

    @property
    def reads_known_vectors(self) -> bool:
        """Whether vectors of utterances can be computed before, see :meth:`keeps_vectors`."""
        return self.keeps_vectors(self.settings)

    def in_dialogues(self, vectors: Tensor, dialogues: Dialogues) -> Tensor:
        """Vectors in context of all utterances, (N, V), where ``reads_dialogues``: :meth:`encode` read them alone.

        Args:
            vectors: Context vectors that :meth:`encode` gave, (N, H).
            dialogues: The whole conversations that these utterances are.
        """
        return vectors

    def stream(self, states: Sequence[Any], vectors: Tensor, speakers: Sequence[int]) -> tuple[Tensor, list[Any]]:
        """As :meth:`in_dialogues`, for the next utterance of each of n conversations that go on.

        Args:
            states: What the last call gave for each; None where a conversation begins.
            vectors: (n, H).
            speakers: Who speaks, numbered within the conversation.

        Returns:
            (n, V), and the states after these utterances: tensors, or tuples of them.
        """
        return vectors, list(states)

    @abstractmethod
    def encode(self, inputs: ModelInputs) -> tuple[Tensor, Tensor]:
        """Context vectors and memory vectors of the batch's R utterances, (R, H) each."""

    @abstractmethod
    def represent(self, context: Tensor, sources: Tensor, windows: Tensor) -> Tensor:
        """The vectors that the label head reads, (R, V), 32-bit floats, before any dropout.

        Args:
            context: Context vectors of the targets, (R, H).
            sources: Memory vectors that windows point to, (S, H).
            windows: Rows of ``sources``, oldest first and right-aligned, -1 for none, (R, W).
        """

    @abstractmethod
    def score(self, vectors: Tensor) -> Tensor:
        """Logits (R, L), 32-bit floats, from what :meth:`represent` returned, (R, V): the label head."""

    def classify(self, context: Tensor, sources: Tensor, windows: Tensor) -> Tensor:
        """Logits (R, L) from context (R, H), memory vectors (S, H) and windows into them (R, W), -1 for none."""
        return self.score(self.represent(context, sources, windows))

    def forward(self, inputs: ModelInputs) -> ModelOutput:
        """Logits of all targets of the batch in one pass."""
        context, memory = self.encode(inputs)
        targets = len(inputs.windows)
        context = context[:targets]
        if inputs.dialogues is not None:
            context = self.in_dialogues(context, inputs.dialogues)
        sources = torch.cat([memory, inputs.outside.to(memory.dtype)])  # (R + M, H)
        vectors = self.represent(context, sources, inputs.windows)  # (R, V)
        return ModelOutput(self.score(vectors), memory[:targets], vectors)
