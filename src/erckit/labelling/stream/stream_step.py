"""One step of a stream: the next utterance of each of several conversations, scored together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from erckit.conversation import Prediction, Utterance
from erckit.encoding.precision import autocast
from erckit.labelling.labeler_memory import LabelerMemory
from erckit.labelling.scored_predictions import check_confidence, scored_predictions
from erckit.labelling.stream.stream_encoding import StreamEncoding
from erckit.labelling.stream.stream_state import StreamedUtterance, StreamState
from erckit.memory.model_memory import ModelMemory, moment
from erckit.models.system import HISTORIES, About
from erckit.networks.dialogues import number_speaker
from erckit.networks.inference import represent
from erckit.settings import choose


class Streaming(Protocol):
    """What a stream needs of a labeler; its counters go up with every utterance."""

    tokens_processed: int
    truncated: int

    @property
    def about(self) -> About:
        """What its system says of itself."""

    def stream_encoding(self) -> StreamEncoding:
        """What reads new utterances."""

    def memory_of(self, namespace: str | None = None) -> ModelMemory | None:
        """The speaker memory as the system reads and writes it."""

    def score(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits before calibration, (R, L), of vectors (R, V)."""


class StreamStep:
    """Scores utterances of conversations that go on.

    Args:
        labeler: A labeler of a causal model.
        min_confidence: Least score of the top label, in [0, 1]; below it the label is None.
        history: ``all`` goes on into the speaker memory, ``conversation`` does not; None is ``all``.
        writes_memory: Whether the speaker memory is added to.

    Raises:
        SettingError: The model reads later utterances, or a value out of its range.
    """

    def __init__(
        self,
        labeler: Streaming,
        *,
        min_confidence: float | None = None,
        history: str | None = None,
        writes_memory: bool = True,
    ) -> None:
        check_confidence(min_confidence)
        choose(history or "all", HISTORIES, "history")
        self._labeler = labeler
        self._encoding = labeler.stream_encoding()
        self._min_confidence = min_confidence
        self._reads = history != "conversation"
        self._writes = writes_memory

    def generation(self) -> str:
        """Of the speaker memory; empty without one."""
        memory = self._labeler.memory_of(None)
        return "" if memory is None else memory.store.generation

    def open(self, conversations: Sequence[str], namespace: str | None = None) -> list[StreamState]:
        """States of conversations that begin, or begin anew, in one namespace."""
        memory = self._labeler.memory_of(namespace)
        if memory is None or not (self._writes or self._reads):
            return [StreamState(conversation) for conversation in conversations]
        assert isinstance(memory, LabelerMemory)
        known = memory.known(conversations)
        return [StreamState(c, memory, self._reads and memory.is_read, known[c]) for c in conversations]

    def __call__(self, states: Sequence[StreamState], said: Sequence[StreamedUtterance]) -> list[Prediction]:
        """Predictions for the next utterance of each of n conversations, which move on.

        A call that fails leaves the conversations where they were.

        Args:
            states: Of n different conversations.
            said: Their next utterances.
        """
        utterances = [
            Utterance(state.next_id(one.id), one.speaker, one.text, start=one.time)
            for state, one in zip(states, said, strict=True)
        ]
        befores = [self._before(state, one) for state, one in zip(states, utterances, strict=True)]
        tokenized = self._encoding.tokenize(states, utterances)
        context, memory, encoders = self._encoding.encode(states, tokenized)
        recalled = self._recall(states, utterances, befores)
        context, contexts, numbers = self._in_context(context, states, utterances)
        logits = self._score(context, self._histories(states, utterances, recalled))
        labeler, about = self._labeler, self._labeler.about
        predictions = scored_predictions(
            [one.id for one in utterances], logits, about.label_set, about.temperature, self._min_confidence
        )
        self._write(states, utterances, memory, predictions)
        model, window = self._encoding.parts.model, self._encoding.parts.settings.history.window
        for i, state in enumerate(states):
            state.before, state.encoder = befores[i], encoders[i]
            self._encoding.keep(state, tokenized[i])
            for vector in recalled[i]:
                state.remember_earlier(utterances[i].speaker, vector, window)
            state.context, state.numbers = contexts[i], numbers[i]
            if model.has_history:
                state.remember(utterances[i].speaker, memory[i], window)
            state.count(utterances[i].id, utterances[i].speaker, self._encoding.most_speakers)
            labeler.tokens_processed += tokenized[i].tokens
            labeler.truncated += tokenized[i].truncated
        return predictions

    def _before(self, state: StreamState, said: Utterance) -> float | None:
        """Time from which on the memory is not read; later utterances of a conversation do not change it."""
        if state.before is not None or not state.reads_memory:
            return state.before
        if said.id in state.known:  # the conversation is told again: only what was before it is its past
            return state.known[said.id]
        return moment(said.start) if state.utterances == 0 else None

    def _recall(
        self, states: Sequence[StreamState], said: Sequence[Utterance], befores: Sequence[float | None]
    ) -> list[list[Tensor]]:
        """Memory vectors (H,) of speakers who speak for the first time in their conversation, oldest first."""
        window = self._encoding.parts.settings.history.window
        wanted: dict[tuple[str, float | None], list[int]] = {}
        for i, state in enumerate(states):
            if state.reads_memory and state.memory is not None and said[i].speaker not in state.vectors:
                wanted.setdefault((state.memory.namespace, befores[i]), []).append(i)
        recalled: list[list[Tensor]] = [[] for _ in states]
        for (_, before), chosen in wanted.items():
            memory = states[chosen[0]].memory
            assert memory is not None
            found = memory.vectors([said[i].speaker for i in chosen], window, before)
            for i in chosen:
                recalled[i] = [torch.from_numpy(np.array(vector)) for vector in found.get(said[i].speaker, ())]
        return recalled

    def _histories(
        self, states: Sequence[StreamState], said: Sequence[Utterance], recalled: Sequence[list[Tensor]]
    ) -> list[list[Tensor]]:
        """What each new utterance may remember, oldest first, vectors (H,)."""
        scope = self._encoding.parts.settings.history.scope
        if scope == "none":
            return [[] for _ in states]
        if scope == "preceding":
            return [list(state.preceding) for state in states]
        return [recalled[i] or list(state.vectors.get(said[i].speaker, ())) for i, state in enumerate(states)]

    @torch.inference_mode()
    def _in_context(
        self, vectors: Tensor, states: Sequence[StreamState], said: Sequence[Utterance]
    ) -> tuple[Tensor, list[Any], list[dict[str, int]]]:
        """Context vectors (n, V) where the model puts vectors (n, H) into context by itself.

        Returns:
            The vectors, what the model keeps of each conversation, and its speakers' numbers, after the utterances.
        """
        model, numbers = self._encoding.parts.model, [dict(state.numbers) for state in states]
        if not model.reads_dialogues:
            return vectors, [None] * len(states), numbers
        speakers = [number_speaker(known, utterance.speaker) for known, utterance in zip(numbers, said, strict=True)]
        with autocast(self._encoding.precision, vectors.device):
            in_context, kept = model.stream([state.context for state in states], vectors, speakers)
        return in_context.float(), kept, numbers

    @torch.inference_mode()
    def _score(self, context: Tensor, histories: Sequence[list[Tensor]]) -> NDArray[np.float32]:
        """Logits (n, L) before calibration from context vectors (n, H)."""
        parts = self._encoding.parts
        sources, windows = _windowed(histories, parts.settings.history.window, context)
        with autocast(self._encoding.precision, context.device):
            vectors = represent(parts.model, context, sources, windows)
        return self._labeler.score(vectors.cpu().numpy())

    def _write(
        self,
        states: Sequence[StreamState],
        said: Sequence[Utterance],
        vectors: Tensor,
        predictions: Sequence[Prediction],
    ) -> None:
        """Remember what the memory does not have yet, in one write for each namespace."""
        if not self._writes:
            return
        chosen: dict[str, list[int]] = {}
        memories: dict[str, LabelerMemory] = {}
        for i, state in enumerate(states):
            if state.memory is not None and not state.is_written(said[i].id):
                chosen.setdefault(state.memory.namespace, []).append(i)
                memories[state.memory.namespace] = state.memory
        for namespace, rows in chosen.items():
            memories[namespace].append(
                [(states[i].conversation, said[i]) for i in rows],
                vectors[rows].cpu().numpy(),
                [predictions[i] for i in rows],
                {},
            )
            for i in rows:
                states[i].wrote(said[i].id)


def _windowed(histories: Sequence[list[Tensor]], window: int, like: Tensor) -> tuple[Tensor, NDArray[np.int64]]:
    """Vectors of n histories one below the other, (S, H), and where each history is in them, (n, window)."""
    windows = np.full((len(histories), window), -1, dtype=np.int64)
    at = 0
    for i, history in enumerate(histories):
        if history:
            windows[i, -len(history) :] = range(at, at + len(history))
            at += len(history)
    flat = [vector.to(like.device) for history in histories for vector in history]
    return torch.stack(flat) if flat else like.new_empty(0, like.shape[1]), windows
