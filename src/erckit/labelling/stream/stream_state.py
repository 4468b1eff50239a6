"""What is kept of one conversation while it goes on."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from erckit.encoding.stream import Block, EncoderState
from erckit.errors import SettingError
from erckit.labelling.labeler_memory import LabelerMemory
from erckit.networks.causal_stream import RowState
from erckit.networks.dialogues import MAX_SPEAKERS

MAX_IDS = 4096  # utterance ids that are known not to need remembering again
MAX_HEARD = 256  # names of who spoke; a conversation of more counts as one of anybody


@dataclass(slots=True)
class StreamState:
    """A conversation between two utterances.

    All of it is bounded: keys and values by the backbone's positions, vectors by W per speaker and the latest
    ``MAX_SPEAKERS`` speakers heard, ids by ``MAX_IDS`` besides those that the memory knew when the conversation was
    opened.

    Args:
        conversation: Its id.
        memory: The speaker memory it reads and writes, or None.
        reads_memory: Whether histories go on into the memory.
        known: Time of every utterance that the memory knew of the conversation when it was opened, by id.
        before: Time from which on the memory is not read: when the conversation began; None where that is now.
        encoder: Keys and values of the open segment, or row of lines.
        blocks: Latest blocks, for models that read them anew for every utterance.
        vectors: Latest memory vectors (H,) by speaker, oldest first; speakers heard last come last.
        preceding: Latest vectors (H,) whoever spoke.
        context: What a context module keeps: tensors, or tuples of them; None before the first utterance.
        numbers: Numbers of speakers by first appearance.
        speakers: First speakers in order of appearance.
        written: Ids of utterances that were remembered since.
        utterances: Utterances so far.
        last_number: Highest number that an utterance has for an id.
        used_at: When the last utterance came, on the pool's clock.
        heard: Who spoke, as long as there are not too many.
    """

    conversation: str
    memory: LabelerMemory | None = None
    reads_memory: bool = False
    known: dict[str, float] = field(default_factory=dict)
    before: float | None = None
    encoder: EncoderState | RowState = field(default_factory=EncoderState)
    blocks: deque[Block] = field(default_factory=deque)
    vectors: OrderedDict[str, deque[Tensor]] = field(default_factory=OrderedDict)
    preceding: deque[Tensor] = field(default_factory=deque)
    context: Any = None
    numbers: dict[str, int] = field(default_factory=dict)
    speakers: list[str] = field(default_factory=list)
    written: OrderedDict[str, None] = field(default_factory=OrderedDict)
    utterances: int = 0
    last_number: int = 0
    used_at: float = 0.0
    heard: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.last_number = max(map(_number, self.known), default=0)

    @property
    def bytes(self) -> int:
        """Memory that its tensors take."""
        kept = [vector for queue in self.vectors.values() for vector in queue] + list(self.preceding)
        kept += _tensors(self.context)
        return self.encoder.bytes + sum(vector.numel() * vector.element_size() for vector in kept)

    def next_id(self, given: str | None) -> str:
        """``given``, or the next number; numbers go on after those that the memory knows."""
        if given is not None:
            return given
        return str(self.last_number + 1)

    def count(self, utterance_id: str, speaker: str, most_speakers: int) -> None:
        """One utterance more."""
        self.utterances += 1
        self.last_number = max(_number(utterance_id), self.last_number + 1)
        if len(self.heard) <= MAX_HEARD:
            self.heard.add(speaker)
        if speaker not in self.speakers and len(self.speakers) < most_speakers:
            self.speakers.append(speaker)

    def took_part(self, speaker: str) -> bool:
        """Whether a speaker spoke in the conversation, as far as that is known: of too many, anybody may have."""
        return speaker in self.heard or len(self.heard) > MAX_HEARD

    def holds_forgotten(self) -> bool:
        """Whether somebody spoke of whom the speaker memory has nothing, though the conversation wrote into it.

        Then it was told to forget them, perhaps by another process, and their words still count here.
        """
        if self.memory is None or not self.written:
            return False
        if len(self.heard) > MAX_HEARD:
            return True
        speakers = [speaker for speaker in self.heard if self.memory.is_remembered(speaker)]
        latest = self.memory.store.last(speakers, 1, None, self.memory.model, namespace=self.memory.namespace)
        return not all(latest)

    def is_written(self, utterance_id: str) -> bool:
        """Whether the memory has the utterance already."""
        return utterance_id in self.known or utterance_id in self.written

    def wrote(self, utterance_id: str) -> None:
        """The memory has the utterance now."""
        self.written[utterance_id] = None
        if len(self.written) > MAX_IDS:
            self.written.popitem(last=False)

    def remember_earlier(self, speaker: str, vector: Tensor, window: int) -> None:
        """Add a vector (H,) that the memory has of a speaker who was not heard in this conversation yet."""
        self.vectors.setdefault(speaker, deque(maxlen=window)).append(vector)

    def remember(self, speaker: str, vector: Tensor, window: int) -> None:
        """Add the vector (H,) of an utterance to its speaker's latest ``window``, and to anybody's."""
        queue = self.vectors.setdefault(speaker, deque(maxlen=window))
        queue.append(vector)
        self.vectors.move_to_end(speaker)
        if len(self.vectors) > MAX_SPEAKERS:
            self.vectors.popitem(last=False)
        self.preceding.append(vector)
        while len(self.preceding) > window:
            self.preceding.popleft()


def _tensors(kept: Any) -> list[Tensor]:
    """Tensors of a state that is a tensor, or a tuple of states."""
    if isinstance(kept, Tensor):
        return [kept]
    return [tensor for part in kept for tensor in _tensors(part)] if isinstance(kept, tuple) else []


def _number(utterance_id: str) -> int:
    """The number that an utterance has for an id, 0 where it has another id."""
    return int(utterance_id) if utterance_id.isdecimal() and len(utterance_id) < 16 else 0


@dataclass(frozen=True, slots=True)
class StreamedUtterance:
    """The next utterance of a conversation.

    Args:
        conversation: Id of the conversation it belongs to.
        speaker: Stable name of who said it.
        text: What was said.
        id: Id of the utterance in its conversation; None counts: "1", "2", ...
        time: Seconds since the epoch, or None for now; orders the speaker's memory.
        namespace: Whose speakers are meant; None takes the labeler's.

    Raises:
        SettingError: A time that is not finite.
    """

    conversation: str
    speaker: str
    text: str
    id: str | None = None
    time: float | None = None
    namespace: str | None = None

    def __post_init__(self) -> None:
        if self.time is not None and not math.isfinite(self.time):
            raise SettingError(f"the time of an utterance must be a finite number, got {self.time!r}.")
