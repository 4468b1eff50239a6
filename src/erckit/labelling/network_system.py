"""One run of a labeler's network over conversations, with or without a speaker memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from erckit.conversation import Conversation
from erckit.encoding.precision import autocast
from erckit.errors import SettingError
from erckit.labelling.labeler_memory import LabelerMemory
from erckit.memory.history import story_order
from erckit.memory.identity import is_anonymous
from erckit.model_folder.network_folder import PretrainedModel
from erckit.networks.inference import encode, represent
from erckit.networks.preparation import PreparedConversations, with_known_vectors
from erckit.settings import choose


def remembered_windows(
    conversations: Sequence[Conversation],
    remembered: Sequence[Mapping[str, Sequence[int]]],
    *,
    order: str,
    window: int,
    anonymous: Collection[str] = (),
) -> NDArray[np.int64]:
    """For every utterance, the rows of its speaker's latest earlier utterances, here and in memory.

    As ``history_windows`` with scope ``all``; a window that the conversations at hand do not fill goes on into the
    memory, whose utterances count as earlier than all that is at hand.

    Args:
        conversations: In file order; utterance rows count through them.
        remembered: For each conversation, rows of what its named speakers said before, oldest first.
        order: ``story`` or ``file``.
        window: Most utterances remembered, W.
        anonymous: Generic names of the corpus, besides the usual ones.

    Returns:
        Rows, oldest first, right-aligned, -1 where there is no more history, (utterances, W).
    """
    offsets = np.cumsum([0, *(len(c) for c in conversations)])
    windows = np.full((int(offsets[-1]), window), -1, dtype=np.int64)
    everywhere: dict[str, deque[int]] = {}
    for c in story_order(conversations, order):
        here: dict[str, deque[int]] = {}
        for u, utterance in enumerate(conversations[c].utterances):
            speaker = utterance.speaker
            is_named = not is_anonymous(speaker, anonymous)
            queue = (everywhere if is_named else here).setdefault(speaker, deque(maxlen=window))
            before = remembered[c].get(speaker, ()) if is_named else ()
            rows = [*before[max(0, len(before) + len(queue) - window) :], *queue]
            row = int(offsets[c]) + u
            if rows:
                windows[row, window - len(rows) :] = rows
            queue.append(row)
    return windows


def predict_remembering(
    parts: PretrainedModel,
    prepared: PreparedConversations,
    targets: Sequence[int],
    windows: NDArray[np.int64],
    remembered: NDArray[np.float32],
    *,
    precision: str,
    batch_tokens: int,
    advance: Callable[[int], None] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the label head reads of every utterance of the targets, and their memory vectors.

    Args:
        parts: The model, in evaluation mode.
        prepared: Conversations that are remembered only, then the targets.
        targets: Indices of the targets: the last ones.
        windows: History of every utterance: rows of ``prepared``, or from there on of ``remembered``, (utterances, W).
        remembered: Memory vectors from elsewhere, (M, H).
        precision: ``fp32`` or ``bf16``.
        batch_tokens: Tokens encoded at a time.
        advance: Called with the number of utterances encoded.

    Returns:
        (R, V) and (R, H), 32-bit floats.
    """
    everything = range(len(prepared))
    first = int(prepared.offsets[targets[0]])
    with autocast(precision, next(parts.model.parameters()).device), torch.inference_mode():
        context, memory = encode(parts.model, parts.preparation, prepared, everything, batch_tokens, advance)
        sources = torch.cat([memory, torch.from_numpy(remembered).to(memory.device).reshape(-1, memory.shape[1])])
        used = np.unique(windows[first:])
        used = used[used >= 0]
        local = np.full(len(sources) + 1, -1, dtype=np.int64)  # the last entry stands for "none"
        local[used] = np.arange(len(used))
        near = sources[torch.from_numpy(used).to(sources.device)]
        vectors = represent(parts.model, context[first:], near, local[windows[first:]])
    return vectors.cpu().numpy(), memory[first:].cpu().numpy()


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
