"""The labeler of LLM systems: the same questions to it as to every other labeler."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from erckit.backbones.get_backbone import get_backbone
from erckit.causal.lora import check_quantised, load_with_lora
from erckit.conversation import Conversation, LabelledConversation
from erckit.encoding.precision import autocast, resolve_precision
from erckit.encoding.vectors.text_vectors import text_vectors
from erckit.errors import SettingError
from erckit.labelling.labeler import Labeler
from erckit.labelling.own_labels.scorer import Scoring
from erckit.labelling.prompt_memory import PromptMemory
from erckit.labelling.scored_predictions import check_confidence, given_conversations, labelled_conversations
from erckit.labels import LabelSet
from erckit.memory.store.open_store import open_store
from erckit.model_folder.adapter_folder import AdapterFolder, read_adapter_folder
from erckit.model_folder.folder import check_version
from erckit.model_folder.tensors import set_trained_tensors
from erckit.models.prompts import trained_style
from erckit.networks.shared_settings import ModelSettings
from erckit.prompting.answers.local_answers import LocalAnswers
from erckit.prompting.context.context_builder import ANNOTATIONS, ContextBuilder
from erckit.prompting.context.context_settings import ContextSettings, EngineSettings
from erckit.prompting.context.demonstrations import DEMONSTRATIONS, read_demonstrations
from erckit.prompting.context.example_pool import EXAMPLES, read_examples
from erckit.prompting.context.gathered import Gathered
from erckit.prompting.scoring.prompt_system import PromptSystem
from erckit.recipe.recorded import recorded_model
from erckit.settings import choose, settings_from_dict
from erckit.storage.manifest import MANIFEST_NAME, file_sha256

if TYPE_CHECKING:
    import torch

    from erckit.labelling.labeler_memory import LabelerMemory
    from erckit.labelling.stream.stream import ConversationStream
    from erckit.labelling.stream.stream_encoding import StreamEncoding
    from erckit.memory.speaker_store import SpeakerStore
    from erckit.model_folder.network_folder import PretrainedModel

_SHOWN = 50  # latest utterances of a speaker that are taken from the speaker memory


@dataclass(frozen=True, slots=True)
class PromptRequest:
    """Everything that is needed to label some conversations.

    Args:
        gathered: Targets and everything they may remember.
        targets: Which of its conversations are targets, in order.
        known: Label of every utterance row that the speaker memory holds, negative for none, (R,).
    """

    gathered: Gathered
    targets: range
    known: NDArray[np.int64]


def prompt_request(
    builder: ContextBuilder,
    conversations: Sequence[Conversation],
    history: str,
    remember: Sequence[Conversation] = (),
    memory: PromptMemory | None = None,
    keeps_vectors: bool = False,
) -> PromptRequest:
    """Gather what the prompts of conversations show.

    Args:
        builder: Of the prompts.
        conversations: Targets, at least one.
        history: ``conversation`` or ``all``; more than the model was trained with is not taken.
        remember: Earlier conversations, for ``all``.
        memory: The speaker memory, for ``all``; None for none.
        keeps_vectors: Keep sentence vectors in the cache folder: for public corpora only.
    """
    reaches = history == "all" and builder.scope == "all"
    earlier = list(remember) if reaches else []
    past = None
    if memory is not None and reaches and builder.shows_past:
        past = memory.past(conversations, _SHOWN, int(getattr(builder.style.settings, "related", 0)))
    told = memory.biographies(conversations) if memory is not None and reaches else None
    everything = [*([past] if past is not None else []), *earlier, *conversations]
    gathered = builder.gather(
        everything,
        scope=None if reaches else "conversation",
        told=told,
        only_past=int(past is not None),
        keeps_vectors=keeps_vectors,
    )
    known = np.full(gathered.utterances, -1, dtype=np.int64)
    if past is not None:
        known[: len(past)] = builder.label_set.indices((u.label for u in past.utterances), -1)
    return PromptRequest(gathered, range(len(everything) - len(conversations), len(everything)), known)


_TOLD: set[str] = set()  # model folders of which this process has told it


def without_four_bits(adapter: AdapterFolder, folder: Path, device: torch.device) -> AdapterFolder:
    """What a model folder holds, with 4-bit weights switched off where they cannot be had; one note says so.

    Its recipe then says it too (``base_weights``), so that results tell what was measured.

    Args:
        adapter: What the folder holds.
        folder: Where it was read from.
        device: Where the base model will be.
    """
    if not adapter.lora.is_quantised or not adapter.tensors:
        return adapter
    need = "a GPU"
    if device.type == "cuda":
        try:
            check_quantised()
        except SettingError:
            need = "bitsandbytes (pip install 'erckit[qlora]')"
        else:
            return adapter
    if str(folder) not in _TOLD and sys.stderr is not None:
        _TOLD.add(str(folder))
        sys.stderr.write(
            f"note: model '{adapter.name}' was trained on 4-bit weights of '{adapter.base}', which need {need}; "
            "they are read whole, and scores may differ a little.\n"
        )
    return replace(
        adapter,
        lora=replace(adapter.lora, is_quantised=False),
        recipe={**adapter.recipe, "base_weights": "whole, in training 4-bit"},
    )


HISTORIES = ("conversation", "all")


class PromptLabeler(Labeler):
    """A causal LM with its adapter that labels conversations by label likelihoods.

    Where its prompts show emotions of earlier utterances, these are its own labels, from a first pass that shows none.

    Args:
        adapter: What the model folder holds.
        system: The causal LM under its adapter, and what its prompts are given.
        folder: Where it was read from.
        precision: ``fp32`` or ``bf16``.
        keeps_vectors: Keep sentence vectors of the texts in the cache folder: for public corpora only.
        memory: A speaker memory, its folder, or ``"memory"``.
        namespace: Whose speakers.
    """

    def __init__(
        self,
        adapter: AdapterFolder,
        system: PromptSystem,
        folder: Path,
        precision: str,
        keeps_vectors: bool = False,
        memory: SpeakerStore | str | Path | None = None,
        namespace: str = "default",
    ) -> None:
        self._adapter, self._system, self.folder = adapter, system, folder
        self._precision, self._keeps_vectors = precision, keeps_vectors
        self._scoring: Scoring | None = None
        self._memory = open_store(memory) if isinstance(memory, str | Path) else memory
        self._namespace = namespace
        self.tokens_processed = 0
        self.truncated = 0

    def with_memory(self, memory: SpeakerStore | str | Path | None, namespace: str = "default") -> PromptLabeler:
        """The same model with another speaker memory, or none; it costs nothing."""
        other = copy.copy(self)
        other._memory = open_store(memory) if isinstance(memory, str | Path) else memory
        other._namespace = namespace
        other.tokens_processed = other.truncated = 0
        return other

    def with_style(self, changes: Mapping[str, Any]) -> PromptLabeler:
        """The same model asked with other prompts than it was trained with: what does it make of a part of them?

        The temperature and what is added to label scores stay those of the prompts it was trained with. Its name tells
        the changes.

        Args:
            changes: Settings of its prompt style by name, such as ``{"recent": 0}``.

        Raises:
            SettingError: No such setting, a value that does not fit, or demonstrations that its folder does not hold.
        """
        recipe = dict(self._adapter.recipe)
        recipe["style"] = {**recipe.get("style", {}), **changes}
        style, builder = trained_style(self._adapter.system, recipe["style"]), self._system.builder
        if "demonstrations" in style.needs and builder.pool is None:
            raise SettingError(
                f"model '{self._adapter.name}' was trained without demonstrations and its folder holds none to show."
            )
        told = ", ".join(f"{key}={value}" for key, value in changes.items())
        other = self.with_memory(self._memory, self._namespace)
        other._adapter = replace(self._adapter, name=f"{self._adapter.name} ({told})", recipe=recipe)
        other._system = PromptSystem(self._system.lm, replace(builder, style=style))
        return other

    @property
    def pretrained(self) -> PretrainedModel:
        """An LLM system has no encoder.

        Raises:
            SettingError: Always.
        """
        self._refuse("is no encoder, which this needs")

    @property
    def label_set(self) -> LabelSet:
        """Labels it scores."""
        return self._adapter.label_set if self._scoring is None else self._scoring.scorer.label_set

    @property
    def temperature(self) -> float | None:
        """What log-likelihoods are divided by, fitted on held-out data; None when scores are not calibrated."""
        return self._adapter.temperature if self._scoring is None else self._scoring.scorer.temperature

    @property
    def causal(self) -> bool:
        """Whether no label depends on a later utterance."""
        return self._system.builder.style.is_causal

    @property
    def history_scope(self) -> str:
        """Where a speaker's past may come from, as the model was trained: see ``HistorySettings``."""
        return self._system.builder.scope

    @property
    def name(self) -> str:
        """The model's name."""
        return self._adapter.name if self._scoring is None else self._scoring.name

    @property
    def max_utterance_tokens(self) -> int:
        """Tokens of an utterance that are read at most: those of a prompt."""
        return self._system.room.max_tokens

    @property
    def model_id(self) -> str:
        """Name under which the speaker memory keeps its labels."""
        return f"{self._adapter.name}@{file_sha256(self.folder / MANIFEST_NAME)[:16]}"

    @property
    def parameters(self) -> int:
        """Parameters of the causal LM with its adapter."""
        return sum(p.numel() for p in self._system.lm.model.parameters())

    @property
    def trained_parameters(self) -> int:
        """Parameters of the adapter."""
        return sum(tensor.numel() for tensor in self._adapter.tensors.values())

    @property
    def scores(self) -> dict[str, Any]:
        """What its training wrote down."""
        return dict(self._adapter.scores if self._scoring is None else self._scoring.scores or {})

    @property
    def settings(self) -> dict[str, Any]:
        """The recipe it was trained with."""
        recipe = dict(self._adapter.recipe)
        return recipe if self._scoring is None else {**recipe, "scoring": dict(self._scoring.settings)}

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
        """Label every utterance; see ``Labeler.label``."""
        check_confidence(min_confidence)
        chosen = given_conversations(conversations)
        rows, gathered = self._read_all(chosen, history, remember, batch_tokens, report, namespace)
        logits = self._split(chosen, self._logits(rows))
        labelled = labelled_conversations(chosen, logits, self.label_set, self.temperature, min_confidence, self.causal)
        memory = self._prompt_memory(namespace)
        if memory is not None and writes_memory and gathered is not None:
            memory.append(labelled, gathered.written)
        return labelled

    def logits(
        self,
        conversations: Sequence[Conversation],
        *,
        history: str | None = None,
        remember: Sequence[Conversation] = (),
        batch_tokens: int = 4096,
        report: Callable[[int], None] | None = None,
        namespace: str | None = None,
    ) -> list[NDArray[np.float32]]:
        """Log-likelihoods before calibration, one array (U, L) per conversation; arguments as for ``label``."""
        rows, _ = self._read_all(conversations, history, remember, batch_tokens, report, namespace)
        return self._split(conversations, self._logits(rows))

    def vectors(
        self,
        conversations: Sequence[Conversation],
        *,
        history: str | None = None,
        remember: Sequence[Conversation] = (),
        batch_tokens: int = 4096,
        report: Callable[[int], None] | None = None,
        namespace: str | None = None,
    ) -> list[NDArray[np.float32]]:
        """The last layer's state at the end of each utterance's question, one array (U, H) per conversation."""
        rows, _ = self._read_all(conversations, history, remember, batch_tokens, report, namespace, wants_vectors=True)
        return self._split(conversations, rows[:, len(self._adapter.label_set) :])

    def score(self, vectors: NDArray[np.float32]) -> NoReturn:
        """Its labels are not read off vectors.

        Raises:
            SettingError: Always.
        """
        self._refuse("has no label head that reads vectors")

    def stream(self, conversation: str = "", **options: Any) -> ConversationStream:
        """Not for LLM systems.

        Raises:
            SettingError: Always.
        """
        self._refuse("labels whole conversations and has no stream")

    def stream_encoding(self) -> StreamEncoding:
        """Not for LLM systems.

        Raises:
            SettingError: Always.
        """
        self._refuse("labels whole conversations and has no stream")

    def memory_of(self, namespace: str | None = None) -> LabelerMemory | None:
        """Its speaker memory holds no vectors; ``label`` reads and writes it."""
        return None

    def local_answers(self, max_tokens: int = 16) -> LocalAnswers:
        """Its causal LM under its adapters, as one that writes answers of at most that many tokens."""
        return LocalAnswers(self._system.lm, self._system.room, max_tokens, self._precision)

    def _prompt_memory(self, namespace: str | None) -> PromptMemory | None:
        if self._memory is None:
            return None
        where = self._namespace if namespace is None else namespace
        builder, encode = self._system.builder, None
        if "related" in builder.style.needs:
            encoder = get_backbone(builder.settings.demonstrations.encoder)
            encode = partial(text_vectors, backbone_folder=encoder, keep=False, quiet=True)
        return PromptMemory(self._memory, where, self.model_id, self._adapter.anonymous, encode)

    def _read_all(
        self,
        conversations: Sequence[Conversation],
        history: str | None,
        remember: Sequence[Conversation],
        batch_tokens: int,
        report: Callable[[int], None] | None,
        namespace: str | None,
        wants_vectors: bool = False,
    ) -> tuple[NDArray[np.float32], Gathered | None]:
        """Log-likelihoods and maybe vectors of all utterances, (R, L) or (R, L + H)."""
        memory = self._prompt_memory(namespace)
        history = history or ("conversation" if memory is None else "all")
        choose(history, HISTORIES, "history")
        if batch_tokens < 1:
            raise SettingError(f"the tokens of a batch must be at least 1, got {batch_tokens}.")
        wants_vectors = wants_vectors or self._scoring is not None
        if not conversations:
            return np.empty((0, len(self._adapter.label_set)), dtype=np.float32), None
        system = self._system
        request = prompt_request(system.builder, conversations, history, remember, memory, self._keeps_vectors)
        before, cut = system.tokens_processed, system.truncated
        with autocast(self._precision, system.lm.device):
            rows = system.scores(
                request.gathered,
                request.targets,
                batch_tokens=batch_tokens,
                advance=report,
                known=request.known,
                wants_vectors=wants_vectors,
            )
        self.tokens_processed += system.tokens_processed - before
        self.truncated += system.truncated - cut
        return rows, request.gathered

    def _logits(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        own = rows[:, : len(self._adapter.label_set)]
        if self._scoring is None:
            offsets = self._adapter.offsets
            return own if offsets is None else own + np.array(offsets, dtype=np.float32)
        return self._scoring.scorer.logits(rows[:, own.shape[1] :], own).astype(np.float32)

    def _split(self, conversations: Sequence[Conversation], rows: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        return np.split(rows, np.cumsum([len(c) for c in conversations])[:-1]) if conversations else []

    def _refuse(self, why: str) -> NoReturn:
        raise SettingError(
            f"model '{self._adapter.name}' is an LLM system ({self._adapter.system}): it {why}. Choose a model such as "
            "'everyday' for that."
        )


def load_prompt_labeler(
    folder: Path,
    precision: str = "auto",
    device: str | None = None,
    keeps_vectors: bool = False,
    memory: SpeakerStore | str | Path | None = None,
    namespace: str = "default",
    annotations: str | Path | None = None,
) -> PromptLabeler:
    """Read a model folder of an LLM system, and its causal LM.

    Where a model was trained on 4-bit weights and these cannot be had here, the causal LM is read whole, with a note.

    Args:
        folder: The model folder.
        precision: ``auto``, ``fp32`` or ``bf16``.
        device: Torch device; None takes a GPU if there is one.
        keeps_vectors: For public corpora, on which models are measured: sentence vectors are kept, and annotations
            that the model was trained with and that cannot be had are refused. Otherwise they are left out of the
            prompts, with a note.
        memory: As for ``Labeler``.
        namespace: As for ``Labeler``.
        annotations: A file as ``erckit annotate --out`` writes it, in place of the writer the model was trained with.

    Raises:
        SettingError: Annotations for a model whose prompts show none.
        ModelFolderError: A folder that is incomplete or altered, or another causal LM than the one adapted.
        BackboneError: The causal LM cannot be had.
    """
    import torch

    adapter = read_adapter_folder(folder)
    builder = prompt_builder(adapter, folder, annotations, is_lenient=not keeps_vectors)
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    adapter = without_four_bits(adapter, folder, place)
    resolved = resolve_precision(precision, place)
    lm = load_with_lora(adapter.base, adapter.lora if adapter.tensors else None, resolved, str(place))
    check_version(folder, f"'{adapter.base}'", adapter.base_sha256, lm.sha256, adapter.base)
    if adapter.tensors:
        set_trained_tensors(lm.model, adapter.tensors, folder)
    lm.model.eval()
    return PromptLabeler(adapter, PromptSystem(lm, builder), folder, resolved, keeps_vectors, memory, namespace)


def prompt_builder(
    adapter: AdapterFolder, folder: Path, annotations: str | Path | None = None, is_lenient: bool = False
) -> ContextBuilder:
    """What the prompts of a model folder are made with; needs no causal LM.

    Args:
        adapter: What the folder holds.
        folder: Where it is, for messages.
        annotations: A file of biographies or characteristics in place of the writer it was trained with.
        is_lenient: See ``ContextBuilder``.

    Raises:
        ModelFolderError: Its demonstrations or examples cannot be read.
        SettingError: Settings of another version.
    """
    recipe = adapter.recipe
    context = settings_from_dict(ContextSettings, recipe.get("context", {}), "context.")
    style = trained_style(adapter.system, recipe.get("style", {}))
    if annotations is not None:
        if not style.needs & set(ANNOTATIONS):
            raise SettingError(
                f"{annotations}: the prompts of model '{adapter.name}' show no annotations. Leave the file out."
            )
        context = replace(context, engine=EngineSettings("file", file=str(annotations)))
    history = (recorded_model(recipe) or ModelSettings()).history
    pool = None
    if DEMONSTRATIONS in adapter.files:
        encoder = get_backbone(context.demonstrations.encoder)
        pool = read_demonstrations(adapter.files[DEMONSTRATIONS], adapter.label_set, encoder, folder / DEMONSTRATIONS)
    examples = None
    if EXAMPLES in adapter.files:
        examples = read_examples(adapter.files[EXAMPLES], adapter.label_set, folder / EXAMPLES)
    return ContextBuilder(
        style, adapter.label_set, context, history.scope, history.order, adapter.anonymous, pool, examples, is_lenient
    )
