"""The speaker memory as an LLM system reads and writes it: texts, the labels it gave them, and biographies."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from erckit.conversation import Conversation, LabelledConversation, Utterance
from erckit.labelling.labeler_memory import moment
from erckit.memory.identity import is_anonymous
from erckit.memory.remembered import Remembered
from erckit.memory.speaker_store import SpeakerStore
from erckit.prompting.annotation.remember import known_biographies, remember_biographies
from erckit.prompting.annotation.written_biographies import WrittenBiographies

_STEP = 1e-6  # seconds between utterances that are remembered in one go
_LONG_AGO = -1e300  # in a story: before everything


@dataclass(frozen=True, slots=True)
class PromptMemory:
    """One namespace of a speaker memory, as one LLM system reads and writes it.

    Args:
        store: The speaker memory.
        namespace: Whose speakers are meant.
        model: Whose labels are read and written.
        anonymous: Generic names of the model's corpus, which leave nothing behind.
    """

    store: SpeakerStore
    namespace: str
    model: str
    anonymous: Collection[str]

    def past(self, conversations: Sequence[Conversation], n: int) -> Conversation | None:
        """What the speakers said before, as one conversation that lies before all others; None where there is nothing.

        Args:
            conversations: Their own utterances are not among it, even if they were labelled before.
            n: Latest utterances of each speaker.

        Returns:
            A conversation whose utterances carry the labels that this model gave.
        """
        names = {speaker for c in conversations for speaker in c.speakers if not is_anonymous(speaker, self.anonymous)}
        begun = min((at for c in conversations if (at := moment(c.utterances[0].start)) is not None), default=None)
        here = {c.id for c in conversations}
        speakers = sorted(names)
        found = self.store.last(speakers, n, begun, self.model, namespace=self.namespace) if speakers else []
        rows = sorted(
            (row for rows in found for row in rows if row.text and row.scores and row.conversation not in here),
            key=lambda row: row.time,
        )
        said = tuple(Utterance(f"{i}", row.speaker, row.text or "", row.top_label) for i, row in enumerate(rows))
        return Conversation("speaker memory", said, {"story": [_LONG_AGO]}) if said else None

    def biographies(self, conversations: Sequence[Conversation]) -> dict[str, str]:
        """Biographies that the conversations' speakers have already."""
        speakers = {s for c in conversations for s in c.speakers if not is_anonymous(s, self.anonymous)}
        return known_biographies(self.store, sorted(speakers), self.namespace)

    def append(self, labelled: Sequence[LabelledConversation], written: WrittenBiographies | None) -> None:
        """Remember what was labelled, in one write; what is known already is not remembered twice."""
        known: Mapping[str, Mapping[str, float]] = self.store.known(
            [one.conversation.id for one in labelled], self.model, namespace=self.namespace
        )
        now = time.time()
        rows: list[Remembered] = []
        for one in labelled:
            for said, prediction in zip(one.conversation.utterances, one.predictions, strict=True):
                if said.id in known.get(one.conversation.id, {}) or is_anonymous(said.speaker, self.anonymous):
                    continue
                at = moment(said.start)
                rows.append(
                    Remembered(
                        speaker=said.speaker,
                        conversation=one.conversation.id,
                        utterance=said.id,
                        time=now + len(rows) * _STEP if at is None else at,
                        text=said.text,
                        model=self.model,
                        scores=prediction.scores,
                        label=said.label,
                    )
                )
        if rows:
            self.store.append(rows, namespace=self.namespace)
        if written is not None:
            remember_biographies(self.store, written, self.namespace)
