"""One namespace of a speaker memory, as one model writes it."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import LabelledConversation, Prediction, Utterance
from erckit.memory.history import story_order
from erckit.memory.identity import is_anonymous
from erckit.memory.remembered import Remembered
from erckit.memory.speaker_store import SpeakerStore

FIRST_MOMENT = 1e8  # seconds since the epoch (1973); smaller times count from the beginning of a recording
_STEP = 1e-6  # seconds between utterances that are remembered in one go


def moment(given: float | None) -> float | None:
    """``given`` where it is seconds since the epoch; None where it counts from the beginning of a recording."""
    return given if given is not None and given >= FIRST_MOMENT else None


@dataclass(frozen=True, slots=True)
class ModelMemory:
    """What a model remembers of speakers across conversations and runs.

    An utterance is known by the id of its conversation and its own id. A known one is not remembered a second time.

    Args:
        store: The speaker memory.
        namespace: Whose speakers are meant.
        model: Whose labels and vectors are read and written.
        anonymous: Generic names of the model's corpus, which leave nothing behind.
        order: In which order conversations happened that are remembered in one go: ``story`` or ``file``.
    """

    store: SpeakerStore
    namespace: str
    model: str
    anonymous: Collection[str]
    order: str = field(default="story", kw_only=True)

    def is_remembered(self, speaker: str) -> bool:
        """Whether a speaker has a name that means one person."""
        return not is_anonymous(speaker, self.anonymous)

    def known(self, conversations: Sequence[str]) -> dict[str, dict[str, float]]:
        """For each conversation, the time of every utterance that this model remembers of it, by id."""
        times = self.store.known(list(dict.fromkeys(conversations)), self.model, namespace=self.namespace)
        return {name: dict(times.get(name, {})) for name in conversations}

    def remember(
        self,
        labelled: Sequence[LabelledConversation],
        known: Mapping[str, Collection[str]],
        vectors: Sequence[NDArray[np.float32]] | None = None,
        biographies: Any = None,
    ) -> None:
        """Remember labelled conversations, in one write.

        Args:
            labelled: C conversations with their predictions.
            known: For each conversation, the ids of the utterances that are remembered already.
            vectors: Memory vectors, (U, H) of each; None without.
            biographies: Those that were written meanwhile, for a memory that keeps some.
        """
        order = story_order([one.conversation for one in labelled], self.order)
        self.append(
            [(labelled[c].conversation.id, said) for c in order for said in labelled[c].conversation.utterances],
            None if vectors is None else np.concatenate([vectors[c] for c in order]),
            [prediction for c in order for prediction in labelled[c].predictions],
            known,
        )

    def append(
        self,
        utterances: Sequence[tuple[str, Utterance]],
        vectors: NDArray[np.float32] | None,
        predictions: Sequence[Prediction],
        known: Mapping[str, Collection[str]],
    ) -> None:
        """Remember what was labelled, in one write.

        Args:
            utterances: R utterances with the ids of their conversations, in the order in which they were said.
            vectors: Memory vectors, (R, H); None without.
            predictions: Of the model.
            known: For each conversation, the ids of the utterances that are remembered already.
        """
        now = time.time()
        seen = {(conversation, said) for conversation, ids in known.items() for said in ids}
        rows = []
        for i, ((conversation, said), prediction) in enumerate(zip(utterances, predictions, strict=True)):
            if (conversation, said.id) in seen or not self.is_remembered(said.speaker):
                continue
            seen.add((conversation, said.id))
            at = moment(said.start)
            rows.append(
                Remembered(
                    speaker=said.speaker,
                    conversation=conversation,
                    utterance=said.id,
                    time=now + i * _STEP if at is None else at,
                    text=said.text,
                    vector=None if vectors is None else vectors[i],
                    model=self.model,
                    scores=prediction.scores,
                    label=said.label,
                )
            )
        if rows:
            self.store.append(self.completed(rows), namespace=self.namespace)

    def completed(self, rows: list[Remembered]) -> list[Remembered]:
        """Rows as they are written; a memory that adds something to them does it here."""
        return rows
