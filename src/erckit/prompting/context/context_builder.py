"""Gathers what a style's prompts are given besides the conversation, the same way for training and for labelling."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from erckit.backbones.get_backbone import get_backbone
from erckit.conversation import Conversation
from erckit.labels import LabelSet
from erckit.prompting.context.context_settings import ContextSettings, EngineSettings
from erckit.prompting.context.demonstrations import DemonstrationPool
from erckit.prompting.context.example_pool import ExamplePool
from erckit.prompting.context.gathered import Gathered
from erckit.prompting.context.speaker_past import speaker_past
from erckit.prompting.prompt.prompt_style import PromptStyle

if TYPE_CHECKING:
    from erckit.memory.biography import Biography
    from erckit.prompting.annotation.biography_settings import BiographySettings
    from erckit.prompting.annotation.grow_biographies import WrittenBiographies
    from erckit.prompting.engines.budget import Budget

ANNOTATIONS = ("biographies", "characteristics")
PAST = ("recent", "related")


@dataclass(frozen=True, slots=True)
class ContextBuilder:
    """What prompts of one style need, and where it comes from.

    Args:
        style: The prompt style.
        label_set: The labels.
        settings: See ``ContextSettings``.
        scope: Where a speaker's past may come from: ``none``, ``conversation`` or ``all``.
        order: ``story`` or ``file``.
        anonymous: Generic names of the corpus.
        pool: Demonstrations; None where the style shows none.
        examples: Few-shot examples; None for none.
        is_lenient: Leave annotations out of prompts where a file or a server has none, with a note; for labelling.
        budgets: What each writer may spend and has spent, with this builder and those made from it.
    """

    style: PromptStyle
    label_set: LabelSet
    settings: ContextSettings
    scope: str = "conversation"
    order: str = "story"
    anonymous: Collection[str] = ()
    pool: DemonstrationPool | None = None
    examples: ExamplePool | None = None
    is_lenient: bool = False
    budgets: dict[EngineSettings, Budget] = field(default_factory=dict, repr=False, compare=False)

    @property
    def label_words(self) -> tuple[str, ...]:
        """How the labels are written in prompts and answers: in lower case, where that keeps them apart."""
        words = tuple(label.lower() for label in self.label_set.labels)
        return words if len(set(words)) == len(words) else self.label_set.labels

    @property
    def shows_past(self) -> bool:
        """Whether prompts show emotions of earlier utterances, which a first pass has to give."""
        return self.scope != "none" and bool(self.style.needs & set(PAST))

    def biography_settings(self, scope: str) -> BiographySettings:
        """How the style's biographies are written, where a speaker's past may come from ``scope``."""
        from erckit.prompting.annotation.biography_settings import BiographySettings

        style: Any = self.style.settings
        return BiographySettings(
            form=getattr(style, "biographies", "causal"),
            scope="all" if scope == "all" else "conversation",
            order=self.order,
            words=style.biography_words,
        )

    def gather(
        self,
        conversations: Sequence[Conversation],
        *,
        scope: str | None = None,
        taught: Collection[int] = (),
        tasks: Collection[str] = (),
        told: Mapping[str, Biography] | None = None,
        only_past: int = 0,
        keeps_vectors: bool = True,
        quiet: bool = True,
    ) -> Gathered:
        """Everything that prompts of these conversations show.

        Args:
            conversations: All targets and all that may be remembered, in file order.
            scope: Narrower scope than the builder's own, or None.
            taught: Conversations that are learnt from: their demonstrations are chosen as ``settings`` say. All others
                get demonstrations without a look at gold labels.
            tasks: Tasks of the style that are learnt from them: what these read is gathered too.
            told: Biographies that speakers have already, from a speaker memory.
            only_past: How many conversations at the beginning are there as the speakers' past alone: nobody writes
                about them.
            keeps_vectors: Keep sentence vectors in the cache folder: for public corpora only.
            quiet: No progress.
        """
        scope = self.scope if scope is None or self.scope != "all" else scope
        learnt = [fields for task, fields in self.style.task_needs.items() if task in tasks] if taught else []
        needs = set(self.style.needs).union(*learnt)
        fields: dict[str, Sequence[Any]] = {}
        written: WrittenBiographies | None = None
        if "demonstrations" in needs and self.pool is not None:
            fields["demonstrations"] = self._demonstrations(conversations, set(taught), keeps_vectors)
        if self.examples is not None:
            fields["examples"] = [self.examples.of(conversation.id) for conversation in conversations]
        if needs & set(ANNOTATIONS):
            shown_to = range(only_past, len(conversations)) if "characteristics" in self.style.needs else sorted(taught)
            written, found = self._annotations(conversations, only_past, needs, shown_to, scope, told, quiet)
            fields |= found
        if "biographies" in fields and (count := getattr(self.style.settings, "biography_sentences", 0)):
            from erckit.prompting.context.biography_search import nearest_sentences

            fields["biographies"] = nearest_sentences(
                conversations,
                fields["biographies"],
                count,
                get_backbone(self.settings.demonstrations.encoder),
                keeps_vectors=keeps_vectors,
                quiet=quiet,
            )
        past = None
        if self.shows_past:
            style: Any = self.style.settings
            past = speaker_past(
                conversations,
                recent=style.recent,
                related=style.related,
                scope=scope,
                order=self.order,
                anonymous=self.anonymous,
                encoder=get_backbone(self.settings.demonstrations.encoder) if style.related else None,
                keeps_vectors=keeps_vectors,
                quiet=quiet,
            )
        return Gathered(
            tuple(conversations),
            np.cumsum([0, *(len(c) for c in conversations)]),
            self.label_set,
            self.label_words,
            fields,
            past,
            tuple(u.text for c in conversations for u in c.utterances),
            written,
        )

    def _annotations(
        self,
        conversations: Sequence[Conversation],
        only_past: int,
        needs: set[str],
        shown_to: Sequence[int],
        scope: str,
        told: Mapping[str, Biography] | None,
        quiet: bool,
    ) -> tuple[WrittenBiographies | None, dict[str, Sequence[Any]]]:
        from erckit.prompting.annotation.annotator import Annotator, open_annotator
        from erckit.prompting.annotation.lenient_annotator import LenientAnnotator
        from erckit.prompting.engines.budget import Budget, BudgetSettings

        style, engine = self.style.settings, self.settings.engine
        limits = BudgetSettings(engine.tries, engine.tokens, engine.seconds)
        opened = partial(
            open_annotator,
            engine.kind,
            model=engine.model,
            url=engine.url,
            file=engine.file,
            timeout=engine.timeout,
            parallel=engine.parallel,
            budget=self.budgets.setdefault(engine, Budget(limits)),
            quiet=quiet,
        )
        annotator: Annotator = (
            LenientAnnotator(opened, f"{engine.kind} {engine.file}{engine.url}", engine.kind == "file")
            if self.is_lenient
            else opened()
        )
        found: dict[str, Sequence[Any]] = {}
        written = None
        if "biographies" in needs:
            written = annotator.biographies(
                conversations[only_past:],
                self.biography_settings(scope),
                anonymous=self.anonymous,
                known=told,
                keeps_last=told is not None,
            )
            found["biographies"] = [*([()] * only_past), *written.per_utterance]
        if "characteristics" in needs:
            told_of: list[Any] = [()] * len(conversations)
            inferred = annotator.characteristics([conversations[c] for c in shown_to], style.elements)
            for c, one in zip(shown_to, inferred, strict=True):
                told_of[c] = one
            found["characteristics"] = told_of
        return written, found

    def _demonstrations(
        self, conversations: Sequence[Conversation], taught: set[int], keeps_vectors: bool
    ) -> list[Any]:
        assert self.pool is not None
        count = int(self.style.settings.demonstrations)
        how = self.settings.demonstrations.how
        found: list[Any] = [None] * len(conversations)
        for chosen, way in (
            (sorted(taught), how),
            ([c for c in range(len(conversations)) if c not in taught], "label_blind"),
        ):
            if chosen:
                examples = self.pool.find([conversations[c] for c in chosen], count, way, keeps_vectors=keeps_vectors)
                for c, one in zip(chosen, examples, strict=True):
                    found[c] = one
        return found
