"""Which earlier utterances of its speaker an utterance's prompt shows: the latest, and those most like it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation
from erckit.encoding.vectors.text_vectors import text_vectors
from erckit.errors import SettingError
from erckit.memory.history import history_windows
from erckit.prompting.context.context_settings import SCOPES

SEARCHED = 200  # latest utterances of a speaker among which the most like one is looked for


@dataclass(frozen=True, slots=True)
class SpeakerPast:
    """Rows of earlier utterances, counted through all conversations; -1 for none.

    Args:
        recent: The speaker's latest utterances, oldest first and right-aligned, (R, n).
        related: Those most like the utterance, best first, (R, k).
    """

    recent: NDArray[np.int64]
    related: NDArray[np.int64]

    def rows(self, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        """All rows that the chosen utterances show, sorted, without repeats."""
        found = np.unique(np.concatenate([self.recent[chosen].ravel(), self.related[chosen].ravel()]))
        return found[found >= 0]


def speaker_past(
    conversations: Sequence[Conversation],
    *,
    recent: int,
    related: int,
    scope: str = "all",
    order: str = "story",
    anonymous: Collection[str] = (),
    encoder: Path | None = None,
    keeps_vectors: bool = True,
    quiet: bool = True,
) -> SpeakerPast:
    """Find every utterance's past; nothing said later, and never the utterance itself, is in it.

    Args:
        conversations: All targets and all that may be remembered, in file order.
        recent: Latest utterances, n.
        related: Utterances most like the target by cosine, k; the latest n are not among them.
        scope: ``none``, ``conversation`` or ``all``, see ``history_windows``; no other, as others reach into what is
            said later or by somebody else.
        order: ``story`` or ``file``.
        anonymous: Generic names of the corpus.
        encoder: Folder of the backbone that compares texts; needed where ``related`` is not 0.
        keeps_vectors: Keep sentence vectors in the cache folder: for public corpora only.
        quiet: No progress.

    Raises:
        SettingError: Another scope.
    """
    if scope not in SCOPES:
        raise SettingError(f"'model.history.scope' of an LLM system is {', '.join(SCOPES[:-1])} or all, got '{scope}'.")
    window = max(recent, SEARCHED if related else 0)
    rows = history_windows(conversations, scope=scope, order=order, window=window, anonymous=anonymous)  # (R, W)
    latest = rows[:, window - recent :]
    if not related:
        return SpeakerPast(latest, np.full((len(rows), 0), -1, dtype=np.int64))
    found = np.full((len(rows), related), -1, dtype=np.int64)
    assert encoder is not None
    texts = [u.text for c in conversations for u in c.utterances]
    vectors = text_vectors(texts, encoder, keep=keeps_vectors, quiet=quiet)  # (R, H)
    older = rows[:, : window - recent]
    for row in np.flatnonzero((older >= 0).any(axis=1)):
        candidates = older[row][older[row] >= 0]
        best = np.argsort(-(vectors[candidates] @ vectors[row]), kind="stable")[:related]
        found[row, : len(best)] = candidates[best]
    return SpeakerPast(latest, found)
