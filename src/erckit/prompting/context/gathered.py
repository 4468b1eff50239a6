"""Conversations together with all that their prompts may show besides them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation
from erckit.labels import LabelSet
from erckit.prompting.context.speaker_past import SpeakerPast
from erckit.prompting.prompt.prompt_context import LabelledText, PromptContext

if TYPE_CHECKING:
    from erckit.prompting.annotation.grow_biographies import WrittenBiographies


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything prompts are made from, but the emotions of earlier utterances, which change as a model learns.

    Args:
        conversations: C of them.
        offsets: First utterance row of each, and the total at the end, (C + 1,).
        label_set: The labels.
        label_words: How they are written.
        fields: Name of a ``PromptContext`` field to its values per conversation, those per utterance.
        past: Rows of the speakers' earlier utterances; None where the style shows none.
        texts: Of every utterance row.
        written: The biographies as a speaker memory takes them; None where the style shows none.
    """

    conversations: tuple[Conversation, ...]
    offsets: NDArray[np.int64]
    label_set: LabelSet
    label_words: tuple[str, ...]
    fields: Mapping[str, Sequence[Any]]
    past: SpeakerPast | None
    texts: tuple[str, ...]
    written: WrittenBiographies | None = None

    @property
    def utterances(self) -> int:
        """Number of utterance rows, R."""
        return int(self.offsets[-1])

    def rows(self, conversations: Sequence[int]) -> NDArray[np.int64]:
        """Utterance rows of the given conversations, in their order."""
        parts = [np.arange(self.offsets[c], self.offsets[c + 1]) for c in conversations]
        return np.concatenate([np.empty(0, dtype=np.int64), *parts])

    def owners(self, rows: NDArray[np.int64]) -> list[int]:
        """Conversations that some rows belong to, sorted, without repeats."""
        return [int(c) for c in np.unique(np.searchsorted(self.offsets, rows, side="right") - 1)]

    def context(
        self, c: int, emotions: NDArray[np.int64] | None = None, hidden: NDArray[np.bool_] | None = None
    ) -> PromptContext:
        """What the prompts of conversation ``c`` are given.

        Args:
            c: The conversation.
            emotions: Label of every utterance row as it is to be shown, negative for none, (R,); None shows no
                earlier utterances at all.
            hidden: Utterances of the conversation for which none are shown either, (U,).
        """
        given: dict[str, Any] = {name: values[c] for name, values in self.fields.items()}
        if self.past is not None and emotions is not None:
            rows = self.rows([c])
            for name, table in (("recent", self.past.recent), ("related", self.past.related)):
                if table.shape[1]:
                    given[name] = [
                        () if hidden is not None and hidden[t] else self._shown(c, table[row], emotions)
                        for t, row in enumerate(rows)
                    ]
        return PromptContext(self.label_set, self.label_words, **given)

    def _shown(self, c: int, rows: NDArray[np.int64], emotions: NDArray[np.int64]) -> tuple[LabelledText, ...]:
        labels, start, end = self.label_set.labels, int(self.offsets[c]), int(self.offsets[c + 1])
        return tuple(
            LabelledText(
                self.texts[row],
                labels[emotions[row]] if emotions[row] >= 0 else None,
                row - start if start <= row < end else None,
            )
            for row in map(int, rows)
            if row >= 0
        )
