"""Biographies and characteristics written by a language model."""

from __future__ import annotations

from collections.abc import Sequence

from erckit.conversation import Conversation
from erckit.progress import Progress
from erckit.prompting.annotation.annotator import Annotator, Characteristics, Told
from erckit.prompting.annotation.biography_plan import Place, SpeakerPlan, biography_plan
from erckit.prompting.annotation.biography_request import VERSION, growing_request, whole_request
from erckit.prompting.annotation.biography_settings import BiographySettings
from erckit.prompting.annotation.characteristic_request import characteristic_request
from erckit.prompting.annotation.elements import DEFAULT_ELEMENTS, check_elements
from erckit.prompting.annotation.grow_biographies import WrittenBiographies, biographies_before, grow_biographies
from erckit.prompting.engines.answer_cache import AnnotationCache
from erckit.prompting.engines.budget import Budget
from erckit.prompting.engines.engine import Engine
from erckit.prompting.engines.request import Request
from erckit.prompting.engines.write_all import write_all


class ModelAnnotator(Annotator):
    """Asks an engine, keeps every answer, goes on where it stopped.

    Args:
        engine: Who answers.
        cache: Where answers are kept.
        budget: What may be spent.
        quiet: No progress.
        asks: Whether the engine is asked; else only what is kept is taken, and what is not is left out.
    """

    def __init__(
        self,
        engine: Engine,
        cache: AnnotationCache,
        budget: Budget | None = None,
        quiet: bool = True,
        asks: bool = True,
    ) -> None:
        self.engine, self.cache, self.budget = engine, cache, budget or Budget()
        self._quiet, self._asks = quiet, asks

    @property
    def name(self) -> str:
        """The engine's name and the version of the biography's prompt."""
        return f"{self.engine.name} biography/{VERSION}"

    def kept(self) -> ModelAnnotator:
        """The same without asking the engine: a conversation that is not wholly kept has no characteristics."""
        return ModelAnnotator(self.engine, self.cache, self.budget, True, False)

    def _biographies(
        self, conversations: Sequence[Conversation], settings: BiographySettings, told: Told
    ) -> WrittenBiographies:
        """See :class:`Annotator`; labels are not shown to the model."""
        if not settings.is_causal:
            return self._whole(conversations, settings)
        before = biographies_before(told.known, conversations)
        plans = biography_plan(conversations, settings, told.anonymous, before)
        with Progress(_versions(plans, told.keeps_last), "Writing", "biographies", self._quiet) as bar:

            def rewrite(jobs: Sequence[tuple[str, str, Sequence[Place]]]) -> list[str | None]:
                requests = [
                    growing_request(name, last, [conversations[c].utterances[u].text for c, u in said], settings.words)
                    for name, last, said in jobs
                ]
                return self._write(requests, bar)

            return grow_biographies(conversations, plans, before, self.name, rewrite, told.keeps_last)

    def characteristics(
        self, conversations: Sequence[Conversation], elements: Sequence[str] = DEFAULT_ELEMENTS, window: int = 12
    ) -> list[Characteristics]:
        """See :class:`Annotator`."""
        elements = check_elements(elements)
        requests = [
            characteristic_request(conversation, t, element, window)
            for conversation in conversations
            for t in range(len(conversation))
            for element in elements
        ]
        with Progress(len(requests), "Writing", "characteristics", self._quiet) as bar:
            answers = iter(self._write(requests, bar))
        rows: list[Characteristics] = []
        for conversation in conversations:
            found = [{element: next(answers) for element in elements} for _ in conversation.utterances]
            whole = [{name: text for name, text in one.items() if text is not None} for one in found]
            rows.append(tuple(whole) if found == whole else tuple({} for _ in found))
        return rows

    def _whole(self, conversations: Sequence[Conversation], settings: BiographySettings) -> WrittenBiographies:
        requests = [whole_request(name, talk, settings.words) for talk in conversations for name in talk.speakers]
        with Progress(len(requests), "Writing", "biographies", self._quiet) as bar:
            answers = iter(self._write(requests, bar))
        rows, lacking = [], set()
        for c, conversation in enumerate(conversations):
            written = {name: next(answers) for name in conversation.speakers}
            rows.append(tuple(written[utterance.speaker] or "" for utterance in conversation.utterances))
            if None in written.values():
                lacking.add(c)
        return WrittenBiographies(rows, False, lacking=frozenset(lacking))

    def _write(self, requests: Sequence[Request], bar: Progress) -> list[str | None]:
        """Answers; None for one that is not kept, where nobody is asked."""
        if not self._asks:
            return [self.cache.get(request) for request in requests]
        return [*write_all(requests, self.engine, self.cache, self.budget, bar.advance)]


def _versions(plans: Sequence[SpeakerPlan], keeps_last: bool) -> int:
    if not keeps_last:
        return sum(plan.used for plan in plans)
    return sum(len(plan.chunks) + (1 if plan.left else 0) if plan.is_global else plan.used for plan in plans)
