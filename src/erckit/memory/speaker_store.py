"""What every speaker memory can do, whether in process or on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from erckit.memory.biography import Biography
from erckit.memory.remembered import Remembered
from erckit.memory.speaker_profile import SpeakerProfile
from erckit.memory.store.store_stats import StoreStats

DEFAULT_NAMESPACE = "default"


@runtime_checkable
class SpeakerStore(Protocol):
    """Speakers' earlier utterances, across conversations, runs and processes.

    A namespace holds its own speakers: the same name in another namespace is another speaker. Namespaces are 1 to 64
    letters, digits, ``.``, ``_`` and ``-``, beginning with a letter or digit; any other raises ``SpeakerMemoryError``.
    Speakers are the same when their names are, white space around them aside. Anonymous speakers
    (``memory.identity.is_anonymous``) are never stored and never found. All methods may be called from several
    threads, and stores on disk from several processes.
    """

    @property
    def keeps_text(self) -> bool:
        """Whether texts and biographies are kept. Where not, both are dropped in silence."""
        ...

    @property
    def generation(self) -> str:
        """Another word whenever somebody's utterances were forgotten, by this process or another one."""
        ...

    def append(self, rows: Sequence[Remembered], *, namespace: str = DEFAULT_NAMESPACE) -> int:
        """Keep a batch of utterances; on return a store on disk has them on disk.

        One call is one write: give many rows at once. Nothing is replaced: the same utterance twice is two rows.

        Returns:
            Rows kept: those of speakers who are not anonymous.
        """
        ...

    def last(
        self,
        speakers: Sequence[str],
        n: int,
        before: float | None = None,
        model: str | None = None,
        *,
        namespace: str = DEFAULT_NAMESPACE,
    ) -> list[list[Remembered]]:
        """The latest utterances of speakers.

        Args:
            speakers: Names; the answer has one list for each, in this order.
            n: Most utterances of a speaker.
            before: Only utterances with a smaller time.
            model: Only utterances of this model.
            namespace: Whose speakers.

        Returns:
            For each name up to ``n`` rows, oldest first; rows of one time in the order they were appended.
        """
        ...

    def known(
        self, conversations: Sequence[str], model: str | None = None, *, namespace: str = DEFAULT_NAMESPACE
    ) -> dict[str, dict[str, float]]:
        """Which utterances of conversations are kept already, and so need not be appended again.

        Args:
            conversations: Their ids.
            model: Only utterances of this model.
            namespace: Whose conversations.

        Returns:
            For each conversation, utterance id -> its time, of the row appended last where there are several; empty
            for one of which nothing is kept.
        """
        ...

    def nearest(
        self,
        speaker: str,
        vector: Sequence[float] | NDArray[np.float32],
        n: int,
        model: str,
        *,
        namespace: str = DEFAULT_NAMESPACE,
    ) -> list[tuple[Remembered, float]]:
        """A speaker's utterances whose vectors point most nearly the way of ``vector``.

        Args:
            speaker: The name.
            vector: (H,), finite and not all zero.
            n: Most utterances.
            model: Only this model's vectors, of the same H, are looked at.
            namespace: Whose speakers.

        Returns:
            Rows with their cosine, from -1 to 1, highest first; the search is exact.
        """
        ...

    def profile(self, speaker: str, model: str | None = None, *, namespace: str = DEFAULT_NAMESPACE) -> SpeakerProfile:
        """A speaker's emotions summed up, as ``model`` saw them; None takes the model of their latest utterance.

        A speaker who is not known has 0 utterances.
        """
        ...

    def biography(self, speaker: str, *, namespace: str = DEFAULT_NAMESPACE) -> Biography | None:
        """What was written about a speaker, or None."""
        ...

    def set_biography(self, speaker: str, biography: Biography, *, namespace: str = DEFAULT_NAMESPACE) -> None:
        """Keep a description of a speaker in place of an earlier one. Does nothing for anonymous speakers."""
        ...

    def forget(self, speaker: str, *, namespace: str = DEFAULT_NAMESPACE) -> int:
        """Remove a speaker's utterances and biography; on return no byte of them is in the store's files.

        Returns:
            Utterances removed.
        """
        ...

    def export(self, *, namespace: str = DEFAULT_NAMESPACE) -> Iterator[Remembered]:
        """All utterances of a namespace in the order of time; ``speaker`` is the store's hash of the name."""
        ...

    def export_biographies(self, *, namespace: str = DEFAULT_NAMESPACE) -> Iterator[tuple[str, Biography]]:
        """All biographies of a namespace, each with the store's hash of the speaker's name."""
        ...

    def compact(self) -> None:
        """Make few files of many and drop what no longer counts."""
        ...

    def stats(self, *, namespace: str | None = None) -> StoreStats:
        """Count a namespace, or all of them."""
        ...
