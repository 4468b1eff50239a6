"""Biographies without a language model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from erckit.conversation import Conversation
from erckit.errors import SettingError
from erckit.memory.biography import Biography
from erckit.prompting.annotation.annotator import Characteristics
from erckit.prompting.annotation.biography_plan import Place, biography_plan
from erckit.prompting.annotation.biography_settings import BiographySettings
from erckit.prompting.annotation.elements import DEFAULT_ELEMENTS
from erckit.prompting.annotation.extract import extract_biography
from erckit.prompting.annotation.grow_biographies import grow_biographies
from erckit.prompting.annotation.remember import biographies_before
from erckit.prompting.annotation.written_biographies import WrittenBiographies


class ExtractAnnotator:
    """Quotes what speakers said: free, instant, and honest about what it is."""

    @property
    def name(self) -> str:
        """``extract`` and the version of its rule."""
        return "extract/1"

    def biographies(
        self,
        conversations: Sequence[Conversation],
        settings: BiographySettings,
        *,
        anonymous: Collection[str] = (),
        known: Mapping[str, Biography] | None = None,
        labels: Sequence[Sequence[str | None]] | None = None,
        keeps_last: bool = False,
    ) -> WrittenBiographies:
        """See :class:`Annotator`."""

        def text(place: Place) -> str:
            return conversations[place[0]].utterances[place[1]].text

        def rewrite(jobs: Sequence[tuple[str, str, Sequence[Place]]]) -> list[str]:
            return [
                extract_biography(
                    before, [text(p) for p in places], [labels[c][u] for c, u in places] if labels else ()
                )
                for _, before, places in jobs
            ]

        if settings.is_causal:
            told = biographies_before(known, conversations)
            plans = biography_plan(conversations, settings, anonymous, told)
            return grow_biographies(conversations, plans, told, self.name, rewrite, keeps_last)
        rows = []
        for c, conversation in enumerate(conversations):
            said: dict[str, list[Place]] = {}
            for u, utterance in enumerate(conversation.utterances):
                said.setdefault(utterance.speaker, []).append((c, u))
            whole = {name: rewrite([(name, "", places)])[0] for name, places in said.items()}
            rows.append(tuple(whole[utterance.speaker] for utterance in conversation.utterances))
        return WrittenBiographies(rows, False)

    def characteristics(
        self, conversations: Sequence[Conversation], elements: Sequence[str] = DEFAULT_ELEMENTS, window: int = 12
    ) -> list[Characteristics]:
        """Nothing can be extracted here.

        Raises:
            SettingError: Always.
        """
        raise SettingError(
            "the engine 'extract' writes biographies only: characteristics are inferred, not quoted. "
            "Take the engine local, endpoint or file."
        )
