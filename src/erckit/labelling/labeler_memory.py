"""What a labeler remembers of speakers across conversations and runs, and what it adds to that."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation, Prediction, Utterance
from erckit.memory.identity import is_anonymous
from erckit.memory.remembered import Remembered
from erckit.memory.speaker_store import SpeakerStore

FIRST_MOMENT = 1e8  # seconds since the epoch (1973); smaller times count from the beginning of a recording
_STEP = 1e-6  # seconds between utterances that are remembered in one go


def moment(given: float | None) -> float | None:
    """``given`` where it is seconds since the epoch; None where it counts from the beginning of a recording."""
    return given if given is not None and given >= FIRST_MOMENT else None


@dataclass(frozen=True)
class LabelerMemory:
    """One namespace of a speaker memory, as one model reads and writes it.

    An utterance is known by the id of its conversation and its own id. A known one is not remembered a second time,
    and what was remembered from it on is not read for it: the second labelling of a conversation sees what the first
    one saw, whatever came later.

    Args:
        store: The speaker memory.
        namespace: Whose speakers are meant.
        model: The model whose vectors are read and written.
        width: H, of its memory vectors; others are passed over.
        anonymous: Generic names of the model's corpus, which leave nothing behind.
        is_read: Whether the model's history reaches over conversations; else the memory is only written.
    """

    store: SpeakerStore
    namespace: str
    model: str
    width: int
    anonymous: frozenset[str]
    is_read: bool

    def is_remembered(self, speaker: str) -> bool:
        """Whether a speaker has a name that means one person."""
        return not is_anonymous(speaker, self.anonymous)

    def known(self, conversations: Sequence[str]) -> dict[str, dict[str, float]]:
        """For each conversation, the time of every utterance that this model remembers of it, by id."""
        found = self.store.known(list(dict.fromkeys(conversations)), self.model, namespace=self.namespace)
        return {name: dict(found.get(name, {})) for name in conversations}

    def vectors(
        self,
        speakers: Sequence[str],
        n: int,
        before: float | None = None,
        without: Collection[tuple[str, str]] = (),
    ) -> dict[str, list[NDArray[np.float32]]]:
        """The latest memory vectors of speakers, oldest first, at most ``n`` of each; (H,) each.

        Args:
            speakers: Names; anonymous ones have none.
            n: Most vectors of a speaker.
            before: Only of utterances with a smaller time.
            without: Ids of conversations and utterances that are left out before the latest are taken.
        """
        named = [s for s in dict.fromkeys(speakers) if self.is_remembered(s)] if self.is_read else []
        if not named or n < 1:
            return {}
        found = {}
        latest = self.store.last(named, n + len(without), before, self.model, namespace=self.namespace)
        for speaker, rows in zip(named, latest, strict=True):
            kept = [r.vector for r in rows if (r.conversation, r.utterance) not in without]
            fitting = [vector for vector in kept if vector is not None and len(vector) == self.width]
            if fitting:
                found[speaker] = fitting[-n:]
        return found

    def recall(
        self, conversations: Sequence[Conversation], n: int, known: Mapping[str, Mapping[str, float]]
    ) -> tuple[NDArray[np.float32], list[dict[str, range]]]:
        """What the speakers of conversations said before them, elsewhere.

        Args:
            conversations: They and their utterances have ids that are theirs alone in the namespace.
            n: Most vectors of a speaker.
            known: From :meth:`known`, for these conversations.

        Returns:
            Vectors (M, H), and for each conversation the rows of its speakers in them, oldest first.
        """
        again = {(c.id, u.id) for c in conversations for u in c.utterances if u.id in known.get(c.id, {})}
        moments = [self._before(c, known.get(c.id, {})) for c in conversations]
        speakers: dict[float | None, dict[str, None]] = {}  # one read for all conversations of a moment
        for conversation, at in zip(conversations, moments, strict=True):
            speakers.setdefault(at, {}).update(dict.fromkeys(conversation.speakers))
        vectors: list[NDArray[np.float32]] = []
        rows: dict[float | None, dict[str, range]] = {}
        for at, names in speakers.items():
            rows[at] = {}
            for speaker, found in self.vectors(list(names), n, at, again).items():
                rows[at][speaker] = range(len(vectors), len(vectors) + len(found))
                vectors.extend(found)
        stacked = np.stack(vectors) if vectors else np.empty((0, self.width), np.float32)
        return stacked, [rows[at] for at in moments]

    def _before(self, conversation: Conversation, known: Mapping[str, float]) -> float | None:
        """When a conversation began, as far as that is known."""
        times = [known[u.id] for u in conversation.utterances if u.id in known]
        begun = moment(conversation.utterances[0].start)
        return min([*times, *([begun] if begun is not None else [])], default=None)

    def append(
        self,
        utterances: Sequence[tuple[str, Utterance]],
        vectors: NDArray[np.float32],
        predictions: Sequence[Prediction],
        known: Mapping[str, Collection[str]],
    ) -> None:
        """Remember what was labelled, in one write.

        Args:
            utterances: R utterances with the ids of their conversations, in the order in which they were said.
            vectors: Memory vectors, (R, H).
            predictions: Of the model.
            known: For each conversation, the ids of the utterances that are remembered already.
        """
        now = time.time()
        seen = {(conversation, said) for conversation, ids in known.items() for said in ids}
        rows = []
        for i, ((conversation, said), vector, prediction) in enumerate(
            zip(utterances, vectors, predictions, strict=True)
        ):
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
                    vector=vector,
                    model=self.model,
                    scores=prediction.scores,
                    label=said.label,
                )
            )
        if rows:
            self.store.append(rows, namespace=self.namespace)
