"""An LLM system whose model writes its answers, as published systems do it; labels are read in them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from erckit.conversation import Conversation, LabelledConversation, Prediction
from erckit.errors import SettingError
from erckit.labelling.labeler import Labeler
from erckit.labelling.prompt_system import HISTORIES, prompt_request
from erckit.labelling.scored_predictions import given_conversations
from erckit.labels import LabelSet
from erckit.prompting.answers.answer_settings import AnswerSettings
from erckit.prompting.answers.answerer import Answerer
from erckit.prompting.answers.generated_labels import generated_labels
from erckit.prompting.answers.read_answers import ReadAnswers, read_answers
from erckit.prompting.context.context_builder import ContextBuilder
from erckit.settings import choose

if TYPE_CHECKING:
    from erckit.corpora.corpus import Corpus
    from erckit.prompting.answers.answerer import Answerer
    from erckit.prompting.context.context_builder import ContextBuilder
    from erckit.recipe.recipe import Recipe

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


def open_generating(
    name: str | Path, settings: AnswerSettings, *, precision: str = "auto", keeps_vectors: bool = False
) -> GeneratingLabeler:
    """A model folder whose causal LM, with its adapters, writes its answers; or whose prompts a server answers.

    A server has its own weights: the folder's adapters do not travel to it.

    Args:
        name: As ``Labeler.from_pretrained`` takes it.
        settings: How, and who answers.
        precision: ``auto``, ``fp32`` or ``bf16``; on this machine.
        keeps_vectors: Keep sentence vectors in the cache folder: for public corpora only.

    Raises:
        ModelFolderError: No such model, or one that is damaged.
        SettingError: A model that is no LLM system.
    """
    from erckit.labelling.find_model import find_model
    from erckit.labelling.prompt_system import prompt_builder
    from erckit.model_folder.adapter_folder import is_adapter, read_adapter_folder

    folder = find_model(name)
    if not is_adapter(folder):
        raise SettingError(
            f"'{name}' is no LLM system, so nothing can be asked in words. Give the folder of one, or a recipe such as "
            "instruct_erc/emorynlp_zero_shot."
        )
    adapter = read_adapter_folder(folder)
    builder = prompt_builder(adapter, folder, is_lenient=not keeps_vectors)
    if settings.url:
        return GeneratingLabeler(
            adapter.name, builder, _server(settings, builder), settings.parsing, dict(adapter.recipe),
            keeps_vectors=keeps_vectors,
        )  # fmt: skip
    from erckit.labelling.prompt_system import load_prompt_labeler

    loaded = load_prompt_labeler(folder, precision)
    return GeneratingLabeler(
        adapter.name, builder, loaded.local_answers(settings.max_tokens), settings.parsing, dict(adapter.recipe),
        is_trained=bool(adapter.tensors), keeps_vectors=keeps_vectors,
    )  # fmt: skip


def open_generating_recipe(
    recipe: Recipe, corpus: Corpus, settings: AnswerSettings, *, precision: str = "auto", keeps_vectors: bool = False
) -> GeneratingLabeler:
    """The prompts of a recipe, answered by a server, or by the causal LM as it is; nothing is trained.

    Args:
        recipe: Of an LLM system.
        corpus: Of its labels, and of the demonstrations where prompts show some.
        settings: How, and who answers.
        precision: As above.
        keeps_vectors: As above.

    Raises:
        SettingError: A recipe that is no LLM system's; or one whose training is wanted, without a server.
    """
    import json

    from erckit.recipe.prompt_builder import llm_builder

    if not recipe.is_llm:
        raise SettingError(
            f"recipe '{recipe.name}' trains no LLM system, so nothing can be asked in words. Choose one such as "
            "instruct_erc/emorynlp_zero_shot."
        )
    if recipe.training.llm.is_trained and not settings.url:
        raise SettingError(
            f"recipe '{recipe.name}' is to be trained. Train it (erckit train), then name its folder; or ask the "
            "causal LM as it is with --set training.llm.is_trained=false; or a server with --engine."
        )
    builder = llm_builder(recipe, corpus)
    answerer: Answerer = _server(settings, builder) if settings.url else _local(recipe, builder, settings, precision)
    known: dict[str, Any] = json.loads(json.dumps(recipe.to_dict()))
    name = recipe.name.replace("/", "-")
    return GeneratingLabeler(
        name, builder, answerer, settings.parsing, {**known, "corpus": corpus.name}, keeps_vectors=keeps_vectors
    )


def _local(recipe: Recipe, builder: ContextBuilder, settings: AnswerSettings, precision: str) -> Answerer:
    import torch

    from erckit.causal.lora import load_with_lora
    from erckit.encoding.precision import resolve_precision
    from erckit.prompting.answers.local_answers import LocalAnswers
    from erckit.prompting.scoring.prompt_system import PromptSystem

    place = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    resolved = resolve_precision(precision, place)
    lm = load_with_lora(recipe.model.backbone, None, resolved, str(place))
    return LocalAnswers(lm, PromptSystem(lm, builder).room, settings.max_tokens, resolved)


def _server(settings: AnswerSettings, builder: ContextBuilder) -> Answerer:
    from erckit.causal.prompt_segments import Room
    from erckit.prompting.answers.endpoint_answers import EndpointAnswers
    from erckit.prompting.engines.answer_cache import AnnotationCache, annotation_file
    from erckit.prompting.engines.budget import Budget, BudgetSettings
    from erckit.prompting.engines.endpoint import EndpointEngine

    engine = EndpointEngine(settings.url, settings.model, timeout=settings.timeout)
    cache = AnnotationCache(annotation_file(engine.name), engine.name)
    limits = BudgetSettings(settings.tries, settings.spend, settings.seconds)
    longest = builder.settings.max_tokens
    room = Room(max_tokens=longest, left_context=min(builder.settings.left_context, longest // 2))
    return EndpointAnswers(engine, cache, Budget(limits), room, settings.max_tokens)
