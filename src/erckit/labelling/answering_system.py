"""An LLM system whose model writes its answers, as published systems do it; labels are read in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from erckit.encoding.vectors.vector_cache import cached_texts
from erckit.errors import SettingError
from erckit.labelling.prompt_system import prompt_request
from erckit.models.system import About, Ask, Reading
from erckit.prompting.answers.answer_settings import AnswerSettings
from erckit.prompting.answers.answerer import Answerer
from erckit.prompting.answers.generated_labels import generated_labels
from erckit.prompting.answers.read_answers import ReadAnswers, read_answers
from erckit.prompting.context.context_builder import ContextBuilder

if TYPE_CHECKING:
    from erckit.corpora.corpus import Corpus
    from erckit.recipe.recipe import Recipe


class AnsweringSystem:
    """Asks a model for the emotion of every utterance, and reads a label in what it writes.

    Kept for comparison, and for models behind an address: an answer has no scores, is not calibrated, and need not be
    a label. An utterance whose answer names none gets no label; the score of a label that was named is 1.

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
        self._builder, self._answerer, self._parsing = builder, answerer, parsing
        self._keeps_vectors = keeps_vectors
        # without the training that the model did not go through
        recipe = {key: value for key, value in (settings or {}).items() if key != "training" or is_trained}
        self.about: About = About(
            name=f"{name} by {answerer.name}, generated",
            label_set=builder.label_set,
            settings={**recipe, "answers": {"by": answerer.name, "parsing": parsing}},
            can=frozenset(),
            refusal=f"'{name}' answers with generated words: it {{why}}. Leave out --answers and --engine where a "
            "model folder can score labels instead.",
            is_causal=builder.style.is_causal,
            selected_on="dev" if is_trained else "",
            history_scope=builder.scope,
            max_utterance_tokens=builder.settings.max_tokens,
            parameters=answerer.parameters,
            answers=f"generated, parsed {parsing}",
        )

    def read(self, ask: Ask) -> Reading:
        """Answers about every utterance, and the labels in them.

        Raises:
            AnnotationError: A server does not answer, or a budget is spent; what was answered is kept.
        """
        if not ask.conversations:
            return Reading(answers=ReadAnswers((), ()))
        before, cached = self._answerer.tokens, cached_texts()
        request = prompt_request(self._builder, ask.conversations, ask.history, ask.remember, None, self._keeps_vectors)
        answers = generated_labels(
            self._builder,
            self._answerer,
            request.gathered,
            request.targets,
            self._parsing,
            known=request.known,
            advance=ask.report,
        )
        return Reading(answers=answers, tokens=self._answerer.tokens - before, cached=cached_texts() - cached)


def open_generating(
    name: str | Path, settings: AnswerSettings, *, precision: str = "auto", keeps_vectors: bool = False
) -> AnsweringSystem:
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
        return AnsweringSystem(
            adapter.name, builder, _server(settings, builder), settings.parsing, dict(adapter.recipe),
            keeps_vectors=keeps_vectors,
        )  # fmt: skip
    from erckit.labelling.prompt_system import open_llm_system

    loaded = open_llm_system(folder, precision)
    return AnsweringSystem(
        adapter.name, builder, loaded.local_answers(settings.max_tokens), settings.parsing, dict(adapter.recipe),
        is_trained=bool(adapter.tensors), keeps_vectors=keeps_vectors,
    )  # fmt: skip


def open_generating_recipe(
    recipe: Recipe, corpus: Corpus, settings: AnswerSettings, *, precision: str = "auto", keeps_vectors: bool = False
) -> AnsweringSystem:
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
    return AnsweringSystem(
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
