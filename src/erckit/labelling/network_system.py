"""One run of a labeler's network over conversations, with or without a speaker memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation
from erckit.errors import SettingError
from erckit.labelling.labeler_memory import LabelerMemory
from erckit.labelling.predict_remembering import predict_remembering
from erckit.labelling.remembered_windows import remembered_windows
from erckit.model_folder.network_folder import PretrainedModel
from erckit.networks.known_vectors import with_known_vectors
from erckit.networks.preparation import PreparedConversations
from erckit.settings import choose

HISTORIES = ("conversation", "all")


@dataclass(frozen=True)
class NetworkRun:
    """Conversations that are labelled, and all that they may remember.

    Args:
        parts: The model.
        conversations: What is labelled.
        history: ``conversation`` or ``all``.
        remember: Earlier conversations that are not labelled; read with ``all``.
        precision: ``fp32`` or ``bf16``.
        batch_tokens: Tokens encoded at a time, at least 1.
        report: Called with the number of utterances encoded.
        keeps_vectors: Whether what a frozen backbone makes of texts is kept in the cache folder.

    Raises:
        SettingError: A value out of its range.
    """

    parts: PretrainedModel
    conversations: Sequence[Conversation]
    history: str
    remember: Sequence[Conversation]
    precision: str
    batch_tokens: int
    report: Callable[[int], None] | None
    keeps_vectors: bool

    def __post_init__(self) -> None:
        choose(self.history, HISTORIES, "history")
        if self.batch_tokens < 1:
            raise SettingError(f"the tokens of a batch must be at least 1, got {self.batch_tokens}.")

    @property
    def everything(self) -> list[Conversation]:
        """What is remembered, then what is labelled."""
        return [*(self.remember if self.history == "all" else ()), *self.conversations]

    def prepare(self) -> PreparedConversations:
        """Everything, tokenised and joined by history."""
        parts, everything = self.parts, self.everything
        scope = parts.settings.history.scope if self.history == "all" else "conversation"
        return with_known_vectors(
            parts.model,
            parts.preparation,
            parts.preparation.prepare(everything, scope),
            everything,
            parts.backbone_folder,
            precision=self.precision,
            checksum=parts.backbone_sha256,
            keep=self.keeps_vectors,
        )

    def targets(self, prepared: PreparedConversations) -> range:
        """Indices of what is labelled."""
        return range(len(prepared) - len(self.conversations), len(prepared))

    def predict(
        self, prepared: PreparedConversations, predict: Callable[..., NDArray[np.float32]]
    ) -> list[NDArray[np.float32]]:
        """What ``predict_logits`` or ``predict_vectors`` says, one array per conversation, without speaker memory."""
        rows = predict(
            self.parts.model,
            self.parts.preparation,
            prepared,
            self.targets(prepared),
            precision=self.precision,
            batch_tokens=self.batch_tokens,
            advance=self.report,
        )
        return self._split(rows)

    def recall(
        self, prepared: PreparedConversations, memory: LabelerMemory, known: Mapping[str, Mapping[str, float]]
    ) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]:
        """What the label head reads where histories go on into the memory, (U, V), and memory vectors, (U, H).

        Args:
            prepared: From :meth:`prepare`.
            memory: The speaker memory.
            known: What it knows of :attr:`everything` already.

        Returns:
            One of each per conversation.
        """
        windows = prepared.windows
        recalled = np.empty((0, memory.width), np.float32)
        if memory.is_read and self.history == "all":
            own, first = self.parts.settings.history, prepared.utterances
            recalled, places = memory.recall(self.everything, own.window, known)
            rows = [{name: range(r.start + first, r.stop + first) for name, r in one.items()} for one in places]
            windows = remembered_windows(
                self.everything, rows, order=own.order, window=own.window, anonymous=memory.anonymous
            )
        vectors, remembered = predict_remembering(
            self.parts,
            prepared,
            self.targets(prepared),
            windows,
            recalled,
            precision=self.precision,
            batch_tokens=self.batch_tokens,
            advance=self.report,
        )
        return self._split(vectors), self._split(remembered)

    def _split(self, rows: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        return np.split(rows, np.cumsum([len(c) for c in self.conversations])[:-1])
