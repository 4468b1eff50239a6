"""The labeler: conversations in, a score for every label of every utterance out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation, LabelledConversation
from erckit.encoding.precision import resolve_precision
from erckit.errors import SettingError
from erckit.labelling.find_model import DEFAULT_MODEL, find_model
from erckit.labelling.labeler_memory import LabelerMemory
from erckit.labelling.network_system import NetworkRun
from erckit.labelling.own_labels.adapted_folder import is_adapted, load_adapted
from erckit.labelling.own_labels.scorer import Scoring
from erckit.labelling.scored_predictions import check_confidence, given_conversations, labelled_conversations
from erckit.labels import LabelSet
from erckit.memory.history import story_order
from erckit.model_folder.adapter_folder import is_adapter
from erckit.model_folder.network_folder import PretrainedModel, load_pretrained
from erckit.networks.inference import predict_logits, predict_vectors, score_vectors
from erckit.networks.preparation import PreparedConversations
from erckit.storage.manifest import MANIFEST_NAME, file_sha256

if TYPE_CHECKING:
    from erckit.labelling.stream.stream import ConversationStream
    from erckit.labelling.stream.stream_encoding import StreamEncoding
    from erckit.memory.speaker_store import SpeakerStore


class Labeler:
    """A trained model that labels conversations.

    Labels do not depend on how conversations are batched or ordered, up to float rounding: 1e-5 of a score in fp32,
    about 1e-2 in bf16.

    Args:
        pretrained: The model and what belongs to it.
        folder: Where it was read from.
        precision: ``fp32``, ``bf16`` or ``auto`` (bf16 where this machine multiplies it natively).
        device: Torch device; None takes a GPU if there is one.
        scoring: Labels from the model's vectors by something else than its label head; None takes the head.
        keeps_vectors: Keep what a frozen backbone makes of each text in the cache folder, so that it is read once
            only: for public corpora, not for anybody's own conversations.
        memory: A speaker memory, its folder, or ``"memory"`` for one that ends with the process: the history of
            speakers with a name goes on into it, and what ``label`` and streams label is added to it.
        namespace: Whose speakers: the same name in another namespace is somebody else.

    Raises:
        SpeakerMemoryError: A folder that is no speaker memory, or of another version.
    """

    def __init__(
        self,
        pretrained: PretrainedModel,
        folder: Path,
        precision: str = "auto",
        device: str | None = None,
        scoring: Scoring | None = None,
        keeps_vectors: bool = False,
        memory: SpeakerStore | str | Path | None = None,
        namespace: str = "default",
    ) -> None:
        import torch

        place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._pretrained = pretrained
        self._precision = resolve_precision(precision, place)
        self._pretrained.model.to(place).eval()
        self._scoring = scoring
        self._keeps_vectors = keeps_vectors
        self._memory = _opened(memory)
        self._namespace = namespace
        self._kept_encoding: list[StreamEncoding] = []  # once there is a stream; shared by copies
        self.folder = folder
        self.tokens_processed = 0
        self.truncated = 0

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path = DEFAULT_MODEL,
        precision: str = "auto",
        device: str | None = None,
        keeps_vectors: bool = False,
        memory: SpeakerStore | str | Path | None = None,
        namespace: str = "default",
        annotations: str | Path | None = None,
    ) -> Labeler:
        """Load a bundled model by name, a model folder, or a model on the Hugging Face hub.

        ``annotations`` are for an LLM system, see ``load_prompt_labeler``; the other arguments are the labeler's own.

        Raises:
            ModelFolderError: No such model, or a folder that is incomplete, altered or of another version.
            BackboneError, SpeakerMemoryError: Its backbone cannot be had; no speaker memory, or of another version.
        """
        folder = find_model(name)
        if is_adapter(folder):
            from erckit.labelling.prompt_system import load_prompt_labeler

            return load_prompt_labeler(folder, precision, device, keeps_vectors, memory, namespace, annotations)
        if annotations is not None:
            raise SettingError(f"'{name}' is no LLM system and reads no annotations. Leave them out.")
        pretrained, scoring = load_adapted(folder) if is_adapted(folder) else (load_pretrained(folder), None)
        return cls(pretrained, folder, precision, device, scoring, keeps_vectors, memory, namespace)

    def with_scoring(self, scoring: Scoring | None) -> Labeler:
        """The same network with another way from its vectors to labels; None takes its label head."""
        other = self.with_memory(self._memory, self._namespace)
        other._scoring = scoring
        return other

    def with_memory(self, memory: SpeakerStore | str | Path | None, namespace: str = "default") -> Labeler:
        """The same model with another speaker memory, or none; it costs nothing."""
        other = copy.copy(self)
        other._memory, other._namespace = _opened(memory), namespace
        other.tokens_processed = other.truncated = 0
        return other

    @property
    def pretrained(self) -> PretrainedModel:
        """The model and what belongs to it."""
        return self._pretrained

    @property
    def scoring(self) -> Scoring | None:
        """How labels come from the vectors; None where it is the model's label head."""
        return self._scoring

    @property
    def label_set(self) -> LabelSet:
        """Labels it scores."""
        return self._pretrained.label_set if self._scoring is None else self._scoring.scorer.label_set

    @property
    def temperature(self) -> float | None:
        """What logits are divided by, fitted on held-out data; None when scores are not calibrated."""
        return self._pretrained.temperature if self._scoring is None else self._scoring.scorer.temperature

    @property
    def causal(self) -> bool:
        """Whether no label depends on a later utterance."""
        return self._pretrained.is_causal

    @property
    def history_scope(self) -> str:
        """Where a speaker's past may come from, as the model was trained: see ``HistorySettings``."""
        return self._pretrained.settings.history.scope

    @property
    def name(self) -> str:
        """The model's name."""
        return self._pretrained.name if self._scoring is None else self._scoring.name

    @property
    def max_utterance_tokens(self) -> int:
        """Tokens of an utterance that are read; ``truncated`` counts the utterances labelled so far that had more."""
        return self._pretrained.settings.max_utterance_tokens

    @property
    def memory(self) -> SpeakerStore | None:
        """The speaker memory it reads and writes."""
        return self._memory

    @property
    def namespace(self) -> str:
        """Whose speakers are meant where nothing else is said."""
        return self._namespace

    @property
    def model_id(self) -> str:
        """Name under which the speaker memory keeps its vectors: another training's vectors mean something else."""
        identity = f"{self._pretrained.name}@{file_sha256(self.folder / MANIFEST_NAME)[:16]}"
        is_other = self._scoring is not None and not is_adapted(self.folder)
        return f"{identity}+{self._scoring.name}" if is_other and self._scoring is not None else identity

    @property
    def precision(self) -> str:
        """``fp32`` or ``bf16``."""
        return self._precision

    @property
    def parameters(self) -> int:
        """Parameters of the network."""
        return sum(p.numel() for p in self._pretrained.model.parameters())

    @property
    def trained_parameters(self) -> int:
        """Parameters that training changed."""
        return sum(p.numel() for p in self._pretrained.model.parameters() if p.requires_grad)

    @property
    def scores(self) -> dict[str, Any]:
        """What its training wrote down: dev scores, ``training_seconds`` and ``training_device``."""
        return dict((self._pretrained.scores if self._scoring is None else self._scoring.scores) or {})

    @property
    def settings(self) -> dict[str, Any]:
        """The recipe it was trained with; of an adapted model also what its labels were made from."""
        recipe = dict(self._pretrained.recipe)
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
        """Label every utterance, and remember what was labelled where there is a speaker memory.

        Args:
            conversations: Conversations, one conversation, or the path of a file with some; conversations of the file
                that cannot be read are left out with a warning (``read_conversations`` says which).
            min_confidence: Least score of the top label, in [0, 1]; below it the label is None.
            history: ``conversation``: a speaker's history is this conversation. ``all``: also the earlier ones among
                ``remember`` and ``conversations``, where the same name is the same person, and then the speaker
                memory. None is ``all`` with a speaker memory and ``conversation`` without.
            remember: Earlier conversations that are not labelled themselves; read with ``all`` history.
            batch_tokens: Tokens encoded at a time; more needs more memory.
            report: Called with the number of utterances done.
            namespace: Whose speakers of the speaker memory; None takes the labeler's.
            writes_memory: Whether the speaker memory is added to; False only reads it.

        Returns:
            One labelled conversation per conversation, in the given order.

        Raises:
            SettingError: A value out of its range.
            FormatError: A file that cannot be read.
        """
        check_confidence(min_confidence)
        chosen = given_conversations(conversations)
        memory = self.memory_of(namespace)
        if memory is None or not chosen:
            logits = self.logits(chosen, history=history, remember=remember, batch_tokens=batch_tokens, report=report)
            return labelled_conversations(chosen, logits, self.label_set, self.temperature, min_confidence, self.causal)
        run, prepared = self._run(chosen, history or "all", remember, batch_tokens, report)
        known = memory.known([c.id for c in run.everything])
        vectors, remembered = run.recall(prepared, memory, known)
        logits = [self.score(rows) for rows in vectors]
        labelled = labelled_conversations(chosen, logits, self.label_set, self.temperature, min_confidence, self.causal)
        if writes_memory and labelled:
            order = story_order(chosen, self._pretrained.settings.history.order)
            memory.append(
                [(chosen[c].id, said) for c in order for said in chosen[c].utterances],
                np.concatenate([remembered[c] for c in order]),
                [prediction for c in order for prediction in labelled[c].predictions],
                known,
            )
        return labelled

    def stream(
        self,
        conversation: str = "",
        *,
        min_confidence: float | None = None,
        history: str | None = None,
        namespace: str | None = None,
        writes_memory: bool = True,
    ) -> ConversationStream:
        """A conversation that goes on: one utterance in, its scores out, equal to those of ``label``.

        Args:
            conversation: Its id, by which the speaker memory knows it; empty makes one up.
            min_confidence: As for ``label``.
            history: ``all`` goes on into the speaker memory, ``conversation`` does not; None is ``all`` where there
                is a speaker memory.
            namespace: As for ``label``.
            writes_memory: As for ``label``.

        Raises:
            SettingError: The model reads later utterances, or a value out of its range.
        """
        from erckit.labelling.stream.stream import ConversationStream

        return ConversationStream(
            self,
            conversation,
            min_confidence=min_confidence,
            history=history,
            namespace=namespace,
            writes_memory=writes_memory,
        )

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
        """Logits before calibration, one array (U, L) per conversation; arguments as for ``label``.

        A speaker memory is read and not added to.
        """
        if self._scoring is None and self._memory is None:
            if not conversations:
                return []
            run, prepared = self._run(conversations, history or "conversation", remember, batch_tokens, report)
            return run.predict(prepared, predict_logits)
        vectors = self.vectors(
            conversations,
            history=history,
            remember=remember,
            batch_tokens=batch_tokens,
            report=report,
            namespace=namespace,
        )
        return [self.score(rows) for rows in vectors]

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
        """What the label head reads of every utterance, one array (U, V) per conversation.

        For EmoNet and CoMPM that is the context vector plus the vector of the speaker's history, before dropout and
        the label head; for sentemo its metric space. Arguments as for ``label``; a speaker memory is read and not
        added to.
        """
        memory = self.memory_of(namespace)
        if not conversations:
            return []
        wanted = history or ("conversation" if memory is None else "all")
        run, prepared = self._run(conversations, wanted, remember, batch_tokens, report)
        if memory is None:
            return run.predict(prepared, predict_vectors)
        return run.recall(prepared, memory, memory.known([c.id for c in run.everything]))[0]

    def score(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits before calibration, (R, L), of what :meth:`vectors` gives, (R, V)."""
        own = score_vectors(self._pretrained.model, vectors)
        return own if self._scoring is None else self._scoring.scorer.logits(vectors, own).astype(np.float32)

    def stream_encoding(self) -> StreamEncoding:
        """What reads utterances of streams; made once.

        Raises:
            SettingError: The model reads later utterances.
        """
        from erckit.labelling.stream.stream_encoding import StreamEncoding

        if not self._kept_encoding:
            self._kept_encoding.append(StreamEncoding(self._pretrained, self._precision))
        return self._kept_encoding[0]

    def memory_of(self, namespace: str | None = None) -> LabelerMemory | None:
        """The speaker memory as this model reads and writes it; None without one."""
        if self._memory is None:
            return None
        parts = self._pretrained
        return LabelerMemory(
            self._memory,
            self._namespace if namespace is None else namespace,
            self.model_id,
            parts.model.memory_width,
            parts.registry.anonymous,
            parts.settings.history.scope == "all",
        )

    def _run(
        self,
        conversations: Sequence[Conversation],
        history: str,
        remember: Sequence[Conversation],
        batch_tokens: int,
        report: Callable[[int], None] | None,
    ) -> tuple[NetworkRun, PreparedConversations]:
        parts, precision, keeps = self._pretrained, self._precision, self._keeps_vectors
        run = NetworkRun(parts, conversations, history, remember, precision, batch_tokens, report, keeps)
        prepared = run.prepare()
        targets = run.targets(prepared)
        self.tokens_processed += sum(prepared.tokenized[c].tokens for c in targets)
        self.truncated += sum(prepared.tokenized[c].truncated for c in targets)
        return run, prepared


def _opened(memory: SpeakerStore | str | Path | None) -> SpeakerStore | None:
    if not isinstance(memory, str | Path):
        return memory
    from erckit.memory.store.open_store import open_store

    return open_store(memory)
