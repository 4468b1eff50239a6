"""An LLM system whose model writes its answers, as published systems do it; labels are read in them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from erckit.conversation import Conversation, LabelledConversation, Prediction
from erckit.errors import SettingError
from erckit.labelling.given_conversations import given_conversations
from erckit.labelling.labeler import Labeler
from erckit.labelling.prompt_request import prompt_request
from erckit.labelling.prompt_system import HISTORIES
from erckit.labels import LabelSet
from erckit.prompting.answers.answerer import Answerer
from erckit.prompting.answers.generated_labels import generated_labels
from erckit.prompting.answers.read_answers import ReadAnswers, read_answers
from erckit.prompting.context.context_builder import ContextBuilder
from erckit.settings import choose

_SHOWN = 40  # characters of an answer that is told


class GeneratingLabeler(Labeler):
    """Asks a model for the emotion of every utterance, and reads a label in what it writes.

    Kept for comparison, and for models behind an address: an answer has no scores, is not calibrated, and need not be
    a label. An utterance whose answer names none gets no label.

    Args:
        name: Of the system.
        builder: Of its prompts.
        answerer: Who answers.
        parsing: How labels are read, see ``erckit.prompting.answers.read_answers``.
        settings: The recipe, as results keep it.
        is_trained: Whether the model that answers was trained with that recipe, and its epoch chosen on dev.
        keeps_vectors: Keep sentence vectors of the texts in the cache folder: for public corpora only.
    """

    def __init__(
        self,
        name: str,
        builder: ContextBuilder,
        answerer: Answerer,
        parsing: str = "exact",
        settings: dict[str, Any] | None = None,
        is_trained: bool = False,
        keeps_vectors: bool = False,
    ) -> None:
        read_answers((), (), parsing)  # refuses an unknown one before anything is asked
        self._name, self._builder, self._answerer, self._parsing = name, builder, answerer, parsing
        self._recipe, self.is_selected, self._keeps_vectors = dict(settings or {}), is_trained, keeps_vectors
        self.folder = Path()
        self.read: list[ReadAnswers] = []
        self.tokens_processed = self.truncated = 0

    @property
    def label_set(self) -> LabelSet:
        """Labels that are looked for."""
        return self._builder.label_set

    @property
    def temperature(self) -> None:
        """Answers have no scores to calibrate."""

    @property
    def causal(self) -> bool:
        """Whether no label depends on a later utterance."""
        return self._builder.style.is_causal

    @property
    def history_scope(self) -> str:
        """Where a speaker's past may come from, as the model was trained: see ``HistorySettings``."""
        return self._builder.scope

    @property
    def name(self) -> str:
        """The system's name and whose answers they are."""
        return f"{self._name} by {self._answerer.name}, generated"

    @property
    def answers(self) -> str:
        """How labels came about, for the protocol line."""
        return f"generated, parsed {self._parsing}"

    @property
    def unparsed_rate(self) -> float:
        """Share of the utterances labelled so far whose answer names no label, in [0, 1]."""
        return self._all().unparsed_rate

    @property
    def inexact_rate(self) -> float:
        """Share of the utterances labelled so far whose answer is not a label and nothing else, in [0, 1]."""
        return read_answers(self._all().texts, self._builder.label_words).unparsed_rate

    @property
    def unparsed(self) -> tuple[str, ...]:
        """The answers that named no label, in order."""
        found = self._all()
        return tuple(text for text, label in zip(found.texts, found.labels, strict=True) if label is None)

    @property
    def memory(self) -> None:
        """It has no speaker memory, which keeps scores."""

    @property
    def scoring(self) -> None:
        """Labels come from answers."""

    @property
    def max_utterance_tokens(self) -> int:
        """Tokens of an utterance that are read at most: those of a prompt."""
        return self._builder.settings.max_tokens

    @property
    def parameters(self) -> int | None:  # type: ignore[override]
        """Of the model that answers; None where nobody says."""
        return self._answerer.parameters

    @property
    def trained_parameters(self) -> int | None:  # type: ignore[override]
        """Not told."""
        return None

    @property
    def scores(self) -> dict[str, Any]:
        """It was trained, if at all, by somebody else."""
        return {}

    @property
    def settings(self) -> dict[str, Any]:
        """The recipe, who answers, and how; without the training that the model did not go through."""
        recipe = {key: value for key, value in self._recipe.items() if key != "training" or self.is_selected}
        return {**recipe, "answers": {"by": self._answerer.name, "parsing": self._parsing}}

    def label(
        self,
        conversations: Sequence[Conversation] | Conversation | str | Path,
        *,
        min_confidence: float | None = None,
        history: str | None = None,
        remember: Sequence[Conversation] = (),
        batch_tokens: int = 4096,
        report: Callable[[int], None] | None = None,
        namespace: str | None = None,
        writes_memory: bool = True,
    ) -> list[LabelledConversation]:
        """Label every utterance whose answer names a label; see ``Labeler.label``.

        A score is 1 for the label that was named. ``min_confidence`` is refused: an answer has no confidence.

        Raises:
            AnnotationError: A server does not answer, or a budget is spent; what was answered is kept.
            SettingError: A least confidence, or an unknown history.
        """
        if min_confidence is not None:
            self._refuse("has no confidence")
        choose(history or "conversation", HISTORIES, "history")
        chosen = given_conversations(conversations)
        if not chosen:
            return []
        request = prompt_request(self._builder, chosen, history or "conversation", remember, None, self._keeps_vectors)
        before = self._answerer.tokens
        found = generated_labels(
            self._builder,
            self._answerer,
            request.gathered,
            request.targets,
            self._parsing,
            known=request.known,
            advance=report,
        )
        self.tokens_processed += self._answerer.tokens - before
        self.read.append(found)
        pairs = iter(zip(found.texts, found.labels, strict=True))
        return [
            LabelledConversation(one, tuple(self._prediction(u.id, *next(pairs)) for u in one.utterances))
            for one in chosen
        ]

    def logits(self, *_: Any, **__: Any) -> NoReturn:
        """Not of answers.

        Raises:
            SettingError: Always; so do the others.
        """
        self._refuse("has no scores")

    def vectors(self, *_: Any, **__: Any) -> NoReturn:
        """Not of answers."""
        self._refuse("has no vectors")

    def score(self, *_: Any, **__: Any) -> NoReturn:
        """Not of answers."""
        self._refuse("has no scores")

    def stream(self, *_: Any, **__: Any) -> NoReturn:
        """Not for LLM systems."""
        self._refuse("has no stream")

    def stream_encoding(self) -> NoReturn:
        """Not for LLM systems."""
        self._refuse("has no stream")

    def with_scoring(self, scoring: Any) -> NoReturn:
        """Not of answers."""
        self._refuse("has no vectors to score")

    def with_memory(self, memory: Any, namespace: str = "default") -> GeneratingLabeler:
        """The same without a memory; one with a memory is refused."""
        if memory is not None:
            self._refuse("has no scores, which a speaker memory keeps")
        other = copy.copy(self)
        other.read, other.tokens_processed = [], 0
        return other

    def memory_of(self, namespace: str | None = None) -> None:
        """It has none."""

    def _prediction(self, utterance_id: str, text: str, label: str | None) -> Prediction:
        scores = {name: float(name == label) for name in self.label_set.labels}
        reason = "" if label is not None else f"unparsed: {told(text)}"
        return Prediction(utterance_id, label, scores, False, reason, self.causal)

    def _all(self) -> ReadAnswers:
        texts = tuple(text for read in self.read for text in read.texts)
        return ReadAnswers(texts, tuple(label for read in self.read for label in read.labels))

    def _refuse(self, why: str) -> NoReturn:
        raise SettingError(
            f"'{self._name}' answers with generated words: it {why}. Leave out --answers and --engine where a model "
            "folder can score labels instead."
        )


def told(text: str) -> str:
    """An answer as it is told: on one line, not long, with nothing that a terminal would obey."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return "an empty answer" if not plain else f"'{plain if len(plain) <= _SHOWN else plain[: _SHOWN - 3] + '...'}'"
