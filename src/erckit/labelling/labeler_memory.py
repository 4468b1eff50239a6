"""The speaker memory as a network reads and writes it: vectors of what was said, and the labels it gave."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation
from erckit.memory.model_memory import ModelMemory, moment


@dataclass(frozen=True, slots=True)
class LabelerMemory(ModelMemory):
    """One namespace of a speaker memory, as one network reads and writes it.

    What was remembered from a known utterance on is not read for it: the second labelling of a conversation sees what
    the first one saw, whatever came later.

    Args:
        width: H, of its memory vectors; others are passed over.
        is_read: Whether the model's history reaches over conversations; else the memory is only written.
    """

    width: int = field(kw_only=True)
    is_read: bool = field(kw_only=True)

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
