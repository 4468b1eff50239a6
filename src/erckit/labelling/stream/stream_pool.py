"""Many conversations that go on at the same time, in one process."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence

from erckit.conversation import Prediction
from erckit.errors import SettingError
from erckit.labelling.stream.stream_state import StreamedUtterance, StreamState
from erckit.labelling.stream.stream_step import Streaming, StreamStep

AT_A_TIME = 32  # conversations encoded together; more is no faster and needs more memory

Key = tuple[str | None, str]


class StreamPool:
    """Labels utterances of many conversations, the new ones of several conversations in one pass.

    Conversations open with their first utterance. Where there would be more than ``max_conversations``, one is dropped:
    of the namespace that has the most of them, the one that was silent longest. So is any that was silent for
    ``idle_seconds``. A dropped one that speaks again
    starts anew: its text is no longer context; what the speaker memory has of its speakers is.

    One lock guards it: calls from several threads are safe and run one after the other. The labeler must not be used
    in another thread meanwhile.

    Args:
        labeler: A labeler of a causal model.
        max_conversations: Most conversations kept, at least 1.
        idle_seconds: Seconds of silence after which a conversation is dropped, more than 0.
        min_confidence: Least score of the top label, in [0, 1]; below it the label is None.
        history: ``all`` goes on into the speaker memory, ``conversation`` does not; None is ``all``.
        writes_memory: Whether the speaker memory is added to.
        clock: Seconds that never go back.

    Raises:
        SettingError: The model reads later utterances, or a value out of its range.
    """

    def __init__(
        self,
        labeler: Streaming,
        *,
        max_conversations: int = 256,
        idle_seconds: float = 1800.0,
        min_confidence: float | None = None,
        history: str | None = None,
        writes_memory: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_conversations < 1:
            raise SettingError(f"a pool keeps at least 1 conversation, got {max_conversations}.")
        if not idle_seconds > 0:
            raise SettingError(f"the seconds of silence must be more than 0, got {idle_seconds}.")
        self._step = StreamStep(labeler, min_confidence=min_confidence, history=history, writes_memory=writes_memory)
        self._most, self._idle, self._clock = max_conversations, idle_seconds, clock
        self._states: OrderedDict[Key, StreamState] = OrderedDict()  # the one silent longest first
        self._generation = self._step.generation()
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._states)

    @property
    def kept_bytes(self) -> int:
        """Memory that keys, values and vectors of all conversations take."""
        with self._lock:
            return sum(state.bytes for state in self._states.values())

    def add(self, utterances: Sequence[StreamedUtterance]) -> list[Prediction]:
        """Label the next utterances, in order; several of one conversation may be among them.

        Returns:
            One prediction per utterance, in the given order.

        Raises:
            SpeakerMemoryError: The speaker memory cannot be read or written.
        """
        with self._lock:
            self.drop_idle()
            self._drop_forgotten()
            found: dict[int, Prediction] = {}
            for chosen in _rounds(utterances):
                predictions = self._step(self._opened([utterances[i] for i in chosen]), [utterances[i] for i in chosen])
                found.update(zip(chosen, predictions, strict=True))
            self._drop_surplus()
            return [found[i] for i in range(len(utterances))]

    def close(self, conversation: str, namespace: str | None = None) -> bool:
        """Drop a conversation; False where it is not open."""
        with self._lock:
            return self._states.pop((namespace, conversation), None) is not None

    def forget(self, speaker: str, namespace: str | None = None) -> int:
        """Drop the conversations of a namespace in which somebody spoke, whose words still count there; their number.

        Of a conversation with very many speakers it is not known who they are: it is dropped as well.
        """
        with self._lock:
            places = [key for key, state in self._states.items() if key[0] == namespace and state.took_part(speaker)]
            for place in places:
                del self._states[place]
            return len(places)

    def _drop_forgotten(self) -> None:
        """Drop conversations in which somebody spoke whom another process told the memory to forget."""
        generation = self._step.generation()
        if generation == self._generation:
            return
        for place in [place for place, state in self._states.items() if state.holds_forgotten()]:
            del self._states[place]
        self._generation = generation

    def _drop_surplus(self) -> None:
        """Drop conversations of whoever has the most, so that nobody's many conversations end those of others."""
        while len(self._states) > self._most:
            counts = Counter(namespace for namespace, _ in self._states)
            most = max(counts.values())
            del self._states[next(key for key in self._states if counts[key[0]] == most)]

    def drop_idle(self) -> int:
        """Drop conversations that were silent too long; their number."""
        with self._lock:
            dropped = 0
            oldest = self._clock() - self._idle
            while self._states and next(iter(self._states.values())).used_at < oldest:
                self._states.popitem(last=False)
                dropped += 1
            return dropped

    def _opened(self, said: Sequence[StreamedUtterance]) -> list[StreamState]:
        """States of different conversations, which become the ones used last."""
        fresh: dict[str | None, list[str]] = {}
        for one in said:
            if (one.namespace, one.conversation) not in self._states:
                fresh.setdefault(one.namespace, []).append(one.conversation)
        opened = {
            (namespace, name): state
            for namespace, names in fresh.items()
            for name, state in zip(names, self._step.open(names, namespace), strict=True)
        }
        now, states = self._clock(), []
        for one in said:
            key = (one.namespace, one.conversation)
            state = self._states.setdefault(key, opened[key]) if key in opened else self._states[key]
            state.used_at = now
            self._states.move_to_end(key)
            states.append(state)
        return states


def _rounds(utterances: Sequence[StreamedUtterance]) -> list[list[int]]:
    """Utterances in groups of different conversations, those of a conversation in order."""
    rounds: list[list[int]] = []
    next_round: dict[Key, int] = {}
    for i, one in enumerate(utterances):
        key = (one.namespace, one.conversation)
        at = next_round.get(key, 0)
        while at < len(rounds) and len(rounds[at]) >= AT_A_TIME:
            at += 1
        if at == len(rounds):
            rounds.append([])
        rounds[at].append(i)
        next_round[key] = at + 1
    return rounds
