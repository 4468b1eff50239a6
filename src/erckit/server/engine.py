"""What the worker's thread does with the models and the speaker memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from erckit.conversation import Conversation, LabelledConversation, Prediction
from erckit.server.model_table import ModelTable
from erckit.server.worker import GivenUpError


@dataclass(frozen=True, slots=True)
class LabelKey:
    """Conversations with equal values here are labelled in one call."""

    model: str
    namespace: str
    remember: bool
    min_confidence: float | None


@dataclass(frozen=True, slots=True)
class StreamKey:
    """Streamed utterances with equal values here are labelled in one call."""

    model: str
    remember: bool


class Engine:
    """Runs the jobs of a :class:`~erckit.server.worker.Worker`; used in its thread only.

    Args:
        models: The models.
        store: The speaker memory, or None.
        open_pool: From a labeler to a StreamPool.

    Attributes:
        is_given_up: Whether nobody waits any more for what is being done; asked between two batches.
    """

    def __init__(self, models: ModelTable, store: Any, open_pool: Callable[[Any], Any]) -> None:
        self._models, self._store = models, store
        self._open_pool = open_pool
        self._pools: dict[StreamKey, Any] = {}
        self.is_given_up: Callable[[], bool] = lambda: False

    def run(self, key: object, payloads: Sequence[Any]) -> Sequence[Any]:
        """Results of jobs that share a key; jobs without a key are functions to call."""
        if isinstance(key, LabelKey):
            return self._label(key, payloads)
        if isinstance(key, StreamKey):
            return self._stream(key, payloads)
        return [payload() for payload in payloads]

    def _label(self, key: LabelKey, requests: Sequence[Sequence[Conversation]]) -> list[list[LabelledConversation]]:
        labeler, more = self._labeler(key.model, key.remember), {"namespace": key.namespace} if key.remember else {}
        results: list[list[LabelledConversation]] = []
        for group in _without_repeated_ids(requests) if key.remember else [requests]:
            asked = [conversation for request in group for conversation in request]
            labelled = iter(
                labeler.label(asked, min_confidence=key.min_confidence, report=self._go_on_or_give_up, **more)
            )
            results += [[next(labelled) for _ in request] for request in group]
        return results

    def _stream(self, key: StreamKey, utterances: Sequence[Any]) -> Sequence[Prediction]:
        if key not in self._pools:
            self._pools[key] = self._open_pool(self._labeler(key.model, key.remember))
        predictions: Sequence[Prediction] = self._pools[key].add(utterances)
        return predictions

    def explain(self, model: str, conversation: Conversation, index: int, nearest: int) -> Any:
        """Which earlier utterances mattered; an ``Explanation``."""
        from erckit.labelling.leave_one_out import leave_one_out

        labeler = self._labeler(model, remember=False)
        return leave_one_out(labeler, conversation, index, nearest=nearest, report=self._go_on_or_give_up)

    def profile(self, speaker: str, namespace: str) -> tuple[Any, Any]:
        """Profile and biography of a speaker."""
        return self._store.profile(speaker, namespace=namespace), self._store.biography(speaker, namespace=namespace)

    def forget(self, speaker: str, namespace: str) -> int:
        """Remove a speaker from the memory, and the streams they took part in; utterances removed."""
        for pool in self._pools.values():
            pool.forget(speaker, namespace)
        removed: int = self._store.forget(speaker, namespace=namespace)
        return removed

    def _go_on_or_give_up(self, utterances: int) -> None:
        """Called between two batches.

        Raises:
            GivenUpError: Nobody waits for what is being done.
        """
        if self.is_given_up():
            raise GivenUpError

    def _labeler(self, model: str, remember: bool) -> Any:
        """A model with the speaker memory or without it."""
        labeler = self._models.labeler(model)
        return labeler if remember else labeler.with_memory(None)


def _without_repeated_ids(requests: Sequence[Sequence[Conversation]]) -> list[list[Sequence[Conversation]]]:
    """Requests in order, in groups without an id twice: to the memory, one id is one conversation."""
    groups: list[list[Sequence[Conversation]]] = []
    seen: set[str] = set()
    for request in requests:
        ids = {conversation.id for conversation in request}
        if not groups or ids & seen:
            groups.append([])
            seen = set()
        groups[-1].append(request)
        seen |= ids
    return groups
