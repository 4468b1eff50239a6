"""The speaker memory as an LLM system reads and writes it: texts, the labels it gave them, and biographies."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation, LabelledConversation, Utterance
from erckit.memory.biography import Biography
from erckit.memory.model_memory import ModelMemory, moment
from erckit.memory.remembered import Remembered
from erckit.prompting.annotation.grow_biographies import WrittenBiographies, known_biographies, remember_biographies

_LONG_AGO = -1e300  # in a story: before everything
_WIDER = 4  # times as many neighbours are asked for, where too few of those found may be shown


@dataclass(frozen=True, slots=True)
class PromptMemory(ModelMemory):
    """One namespace of a speaker memory, as one LLM system reads and writes it.

    Args:
        encode: Sentence vectors of texts, (N, V), which are kept and searched; None where prompts show nothing related.
    """

    encode: Callable[[Sequence[str]], NDArray[np.float32]] | None = None

    def past(self, conversations: Sequence[Conversation], n: int, related: int = 0) -> Conversation | None:
        """What the speakers said before, as one conversation that lies before all others; None where there is nothing.

        Args:
            conversations: Their own utterances are not among it, even if they were labelled before.
            n: Latest utterances of each speaker.
            related: Further utterances of its speaker for every utterance: those that the memory finds most like it,
                however long ago.

        Returns:
            A conversation whose utterances carry the labels that this model gave.
        """
        names = {speaker for c in conversations for speaker in c.speakers if self.is_remembered(speaker)}
        begun = _begun(conversations)
        here = {c.id for c in conversations}
        speakers = sorted(names)
        found = self.store.last(speakers, n, begun, self.model, namespace=self.namespace) if speakers else []

        def may_be_shown(row: Remembered) -> bool:
            is_before = begun is None or row.time < begun
            return bool(row.text and row.scores) and row.conversation not in here and is_before

        kept = {(row.conversation, row.utterance): row for rows in found for row in rows if may_be_shown(row)}
        if related and self.encode is not None:
            asked = [u for c in conversations for u in c.utterances if u.speaker in names and u.text.strip()]
            vectors = self.encode([u.text for u in asked]) if asked else ()
            latest = set(kept)
            for utterance, vector in zip(asked, vectors, strict=True):
                for row in self._nearest(utterance.speaker, vector, related, n, latest, may_be_shown):
                    kept.setdefault((row.conversation, row.utterance), row)
        rows = sorted(kept.values(), key=lambda row: row.time)
        said = tuple(Utterance(f"{i}", row.speaker, row.text or "", row.top_label) for i, row in enumerate(rows))
        return Conversation("speaker memory", said, {"story": [_LONG_AGO]}) if said else None

    def _nearest(
        self,
        speaker: str,
        vector: NDArray[np.float32],
        count: int,
        n: int,
        latest: Collection[tuple[str, str]],
        may_be_shown: Callable[[Remembered], bool],
    ) -> list[Remembered]:
        """The most similar that are not among the ``n`` latest; what is found for an utterance depends on no other."""
        asked = count + n
        while True:
            found = self.store.nearest(speaker, vector, asked, self.model, namespace=self.namespace)
            rows = [row for row, _ in found if may_be_shown(row) and (row.conversation, row.utterance) not in latest]
            if len(rows) >= count or len(found) < asked:
                return rows[:count]
            asked *= _WIDER

    def biographies(self, conversations: Sequence[Conversation]) -> dict[str, Biography]:
        """Biographies that the conversations' speakers have already, as far as they know nothing of them.

        The latest version of each speaker that takes in none of these conversations, and nothing said after the first
        of them began. One that does not say what it takes in is left out where one of them was labelled before.
        """
        speakers = {s for c in conversations for s in c.speakers if self.is_remembered(s)}
        kept = known_biographies(self.store, sorted(speakers), self.namespace)
        here = {c.id for c in conversations}
        is_new = not kept or not any(self.store.known(sorted(here), namespace=self.namespace).values())
        begun = _begun(conversations)

        def may_be_shown(one: Biography) -> bool:
            until = one.time if one.until is None else one.until
            is_apart = is_new if one.conversations is None else not here & one.conversations.keys()
            return is_apart and (begun is None or until < begun)

        found = {}
        for name, latest in kept.items():
            version: Biography | None = latest
            while version is not None and not may_be_shown(version):
                version = version.before
            if version is not None and version.text:
                found[name] = version
        return found

    def remember(
        self,
        labelled: Sequence[LabelledConversation],
        known: Mapping[str, Collection[str]],
        vectors: Sequence[NDArray[np.float32]] | None = None,
        biographies: WrittenBiographies | None = None,
    ) -> None:
        """Remember labelled conversations, then the biographies that were written meanwhile."""
        ModelMemory.remember(self, labelled, known, vectors)
        if biographies is not None:
            remember_biographies(self.store, _dated(biographies, labelled, time.time()), self.namespace)

    def completed(self, rows: list[Remembered]) -> list[Remembered]:
        """Rows with the sentence vectors of their texts, where these are searched."""
        if self.encode is None or not self.store.keeps_text:
            return rows
        said = [i for i, row in enumerate(rows) if row.text and row.text.strip()]
        vectors = self.encode([rows[i].text or "" for i in said]) if said else ()
        completed = list(rows)
        for i, vector in zip(said, vectors, strict=True):
            completed[i] = replace(rows[i], vector=vector)
        return completed


def _begun(conversations: Sequence[Conversation]) -> float | None:
    """When the first of them began, in seconds since the epoch; None where none says."""
    return min((at for c in conversations if (at := moment(c.utterances[0].start)) is not None), default=None)


def _dated(written: WrittenBiographies, labelled: Sequence[LabelledConversation], now: float) -> WrittenBiographies:
    """The same biographies with the time of the latest utterance in them."""
    said: dict[str, float] = {}
    for one in labelled:
        for utterance in one.conversation.utterances:
            at = moment(utterance.start)
            said[utterance.speaker] = max(said.get(utterance.speaker, 0.0), now if at is None else at)
    last = {}
    for name, biography in written.last.items():
        old = biography.before
        earlier = 0.0 if old is None else old.time if old.until is None else old.until
        last[name] = replace(biography, until=max(said.get(name, now), earlier))
    return replace(written, last=last)
