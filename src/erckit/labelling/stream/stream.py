"""A conversation that goes on: one utterance in, its scores out."""

from __future__ import annotations

import uuid

from erckit.conversation import Prediction
from erckit.labelling.stream.stream_state import StreamedUtterance
from erckit.labelling.stream.stream_step import Streaming, StreamStep


class ConversationStream:
    """Labels a conversation utterance by utterance, with the scores that ``label`` gives, within 1e-4 in fp32.

    What came before is kept as keys and values, so that an utterance costs its own tokens. They are bounded by the
    backbone's positions: when these are used up, a new segment begins with the same left context as in ``label``,
    which costs one pass over at most ``left_context`` tokens. Use one stream from one thread at a time.

    Args:
        labeler: A labeler of a causal model.
        conversation: Its id, by which the speaker memory knows it; empty makes one up.
        min_confidence: Least score of the top label, in [0, 1]; below it the label is None.
        history: ``all`` goes on into the speaker memory, ``conversation`` does not; None is ``all``.
        namespace: Whose speakers of the speaker memory; None takes the labeler's.
        writes_memory: Whether the speaker memory is added to.

    Raises:
        SettingError: The model reads later utterances, or a value out of its range.
    """

    def __init__(
        self,
        labeler: Streaming,
        conversation: str = "",
        *,
        min_confidence: float | None = None,
        history: str | None = None,
        namespace: str | None = None,
        writes_memory: bool = True,
    ) -> None:
        self.conversation = conversation or uuid.uuid4().hex
        self._step = StreamStep(labeler, min_confidence=min_confidence, history=history, writes_memory=writes_memory)
        (self._state,) = self._step.open([self.conversation], namespace)

    def __len__(self) -> int:
        return self._state.utterances

    @property
    def kept_bytes(self) -> int:
        """Memory that keys, values and vectors take."""
        return self._state.bytes

    def add(self, speaker: str, text: str, id: str | None = None, time: float | None = None) -> Prediction:
        """Label the next utterance.

        Args:
            speaker: Stable name of who said it.
            text: What was said.
            id: Its id in the conversation; None counts: "1", "2", ... going on after what the memory knows.
            time: Seconds since the epoch, or None for now; orders the speaker's memory.

        Raises:
            SettingError: A time that is not finite.
            SpeakerMemoryError: The speaker memory cannot be read or written; the stream is where it was.
        """
        (prediction,) = self._step([self._state], [StreamedUtterance(self.conversation, speaker, text, id, time)])
        return prediction
