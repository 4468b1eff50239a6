"""LLM systems: a causal LM with its adapter, whose labels are scored by their likelihoods after a prompt."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from erckit.backbones.get_backbone import get_backbone
from erckit.causal.lora import check_quantised, load_with_lora
from erckit.conversation import Conversation
from erckit.encoding.precision import autocast, resolve_precision
from erckit.encoding.vectors.text_vectors import text_vectors
from erckit.encoding.vectors.vector_cache import cached_texts
from erckit.errors import SettingError
from erckit.labelling.prompt_memory import PromptMemory
from erckit.model_folder.adapter_folder import AdapterFolder, read_adapter_folder
from erckit.model_folder.folder import check_version
from erckit.model_folder.tensors import set_trained_tensors
from erckit.models.prompts import trained_style
from erckit.models.system import About, Ask, Reading
from erckit.networks.shared_settings import ModelSettings
from erckit.prompting.answers.local_answers import LocalAnswers
from erckit.prompting.context.context_builder import ANNOTATIONS, ContextBuilder
from erckit.prompting.context.context_settings import ContextSettings, EngineSettings
from erckit.prompting.context.demonstrations import DEMONSTRATIONS, read_demonstrations
from erckit.prompting.context.example_pool import EXAMPLES, read_examples
from erckit.prompting.context.gathered import Gathered
from erckit.prompting.scoring.prompt_system import PromptSystem
from erckit.recipe.recorded import recorded_model
from erckit.settings import settings_from_dict
from erckit.storage.manifest import MANIFEST_NAME, file_sha256

if TYPE_CHECKING:
    import torch

    from erckit.memory.speaker_store import SpeakerStore

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


class LlmSystem:
    """A causal LM with its adapter that labels conversations by label likelihoods.

    Where its prompts show emotions of earlier utterances, these are its own labels, from a first pass that shows none.

    Args:
        adapter: What the model folder holds.
        system: The causal LM under its adapter, and what its prompts are given.
        folder: Where it was read from.
        precision: ``fp32`` or ``bf16``.
        keeps_vectors: Keep sentence vectors of the texts in the cache folder: for public corpora only.
    """

    def __init__(
        self,
        adapter: AdapterFolder,
        system: PromptSystem,
        folder: Path,
        precision: str,
        keeps_vectors: bool = False,
    ) -> None:
        self.adapter, self.system, self.folder = adapter, system, folder
        self.precision, self._keeps_vectors = precision, keeps_vectors

    @cached_property
    def about(self) -> About:
        """What it says of itself."""
        adapter, builder = self.adapter, self.system.builder
        return About(
            name=adapter.name,
            label_set=adapter.label_set,
            settings=dict(adapter.recipe),
            can=frozenset({"scores", "logits", "vectors", "memory", "prompts"}),
            refusal=f"model '{adapter.name}' is an LLM system ({adapter.system}): it {{why}}. Choose a model such as "
            "'everyday' for that.",
            is_causal=builder.style.is_causal,
            temperature=adapter.temperature,
            is_calibrated=adapter.temperature is not None,
            history_scope=builder.scope,
            max_utterance_tokens=self.system.room.max_tokens,
            folder=self.folder,
            model_id=f"{adapter.name}@{file_sha256(self.folder / MANIFEST_NAME)[:16]}",
            precision=self.precision,
            parameters=sum(p.numel() for p in self.system.lm.model.parameters()),
            trained_parameters=sum(tensor.numel() for tensor in adapter.tensors.values()),
            scores=dict(adapter.scores),
        )

    def with_style(self, changes: Mapping[str, Any]) -> LlmSystem:
        """The same model asked with other prompts than it was trained with: what does it make of a part of them?

        The temperature and what is added to label scores stay those of the prompts it was trained with. Its name tells
        the changes.

        Args:
            changes: Settings of its prompt style by name, such as ``{"recent": 0}``.

        Raises:
            SettingError: No such setting, a value that does not fit, or demonstrations that its folder does not hold.
        """
        recipe = dict(self.adapter.recipe)
        recipe["style"] = {**recipe.get("style", {}), **changes}
        style, builder = trained_style(self.adapter.system, recipe["style"]), self.system.builder
        if "demonstrations" in style.needs and builder.pool is None:
            raise SettingError(
                f"model '{self.adapter.name}' was trained without demonstrations and its folder holds none to show."
            )
        told = ", ".join(f"{key}={value}" for key, value in changes.items())
        adapter = replace(self.adapter, name=f"{self.adapter.name} ({told})", recipe=recipe)
        system = PromptSystem(self.system.lm, replace(builder, style=style))
        return LlmSystem(adapter, system, self.folder, self.precision, self._keeps_vectors)

    def read(self, ask: Ask) -> Reading:
        """Log-likelihoods of the labels with what training adds to them; vectors where they are asked for.

        A vector is the last layer's state at the end of an utterance's question.
        """
        if not ask.conversations:
            return Reading(logits=[], vectors=[], known={})
        system, memory, cached = self.system, ask.memory, cached_texts()
        assert memory is None or isinstance(memory, PromptMemory)
        known = {} if memory is None else memory.known([c.id for c in ask.conversations])
        request = prompt_request(
            system.builder, ask.conversations, ask.history, ask.remember, memory, self._keeps_vectors
        )
        before, cut = system.tokens_processed, system.truncated
        with autocast(self.precision, system.lm.device):
            rows = system.scores(
                request.gathered,
                request.targets,
                batch_tokens=ask.batch_tokens,
                advance=ask.report,
                known=request.known,
                wants_vectors=ask.wants_vectors,
            )
        labels, offsets = len(self.adapter.label_set), self.adapter.offsets
        logits = rows[:, :labels]
        return Reading(
            ask.split(logits if offsets is None else logits + np.array(offsets, dtype=np.float32)),
            vectors=ask.split(rows[:, labels:]) if ask.wants_vectors else None,
            known=known,
            biographies=request.gathered.written,
            tokens=system.tokens_processed - before,
            truncated=system.truncated - cut,
            cached=cached_texts() - cached,
        )

    def memory_of(self, store: SpeakerStore, namespace: str, model_id: str) -> PromptMemory:
        """The speaker memory as this model reads and writes it, under a name."""
        builder, encode = self.system.builder, None
        if "related" in builder.style.needs:
            encoder = get_backbone(builder.settings.demonstrations.encoder)
            encode = partial(text_vectors, backbone_folder=encoder, keep=False, quiet=True)
        return PromptMemory(store, namespace, model_id, self.adapter.anonymous, encode, order=builder.order)

    def local_answers(self, max_tokens: int = 16) -> LocalAnswers:
        """Its causal LM under its adapters, as one that writes answers of at most that many tokens."""
        return LocalAnswers(self.system.lm, self.system.room, max_tokens, self.precision)


def open_llm_system(
    folder: Path,
    precision: str = "auto",
    device: str | None = None,
    keeps_vectors: bool = False,
    annotations: str | Path | None = None,
) -> LlmSystem:
    """Read a model folder of an LLM system, and its causal LM.

    Where a model was trained on 4-bit weights and these cannot be had here, the causal LM is read whole, with a note.

    Args:
        folder: The model folder.
        precision: ``auto``, ``fp32`` or ``bf16``.
        device: Torch device; None takes a GPU if there is one.
        keeps_vectors: For public corpora, on which models are measured: sentence vectors are kept, and annotations
            that the model was trained with and that cannot be had are refused. Otherwise they are left out of the
            prompts, with a note.
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
    return LlmSystem(adapter, PromptSystem(lm, builder), folder, resolved, keeps_vectors)


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
