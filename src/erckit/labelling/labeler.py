"""The labeler: conversations in, a score for every label of every utterance out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation, LabelledConversation
from erckit.labelling.find_model import DEFAULT_MODEL
from erckit.labelling.own_labels.own_labels import OwnLabels
from erckit.labelling.scored_predictions import check_confidence, given_conversations, labelled_conversations
from erckit.models.system import About, Ask, Reading, System

if TYPE_CHECKING:
    from erckit.labelling.own_labels.scorer import Scoring
    from erckit.labelling.stream.stream import ConversationStream
    from erckit.labelling.stream.stream_encoding import StreamEncoding
    from erckit.labels import LabelSet
    from erckit.memory.model_memory import ModelMemory
    from erckit.memory.speaker_store import SpeakerStore
    from erckit.model_folder.network_folder import PretrainedModel
    from erckit.prompting.answers.read_answers import ReadAnswers


class Labeler:
    """A system that labels conversations, with a speaker memory where there is one.

    Args:
        system: A trained network, an LLM system, own labels, or a baseline.
        memory: A speaker memory, its folder, or ``"memory"`` for one that ends with the process: the history of
            speakers with a name goes on into it, and what ``label`` and streams label is added to it.
        namespace: Whose speakers: the same name in another namespace is somebody else.

    Attributes:
        system: The system.
        tokens_processed: Tokens read so far, of what was labelled.
        truncated: Utterances labelled so far that had more tokens than are read.
        answers_read: Generated answers so far; None from a system that scores labels.

    Raises:
        SettingError: A memory for a system that has no scores to keep in it.
        SpeakerMemoryError: A folder that is no speaker memory, or of another version.
    """

    def __init__(
        self, system: System, memory: SpeakerStore | str | Path | None = None, namespace: str = "default"
    ) -> None:
        self.system: Any = system
        if memory is not None:
            self.about.need("memory")
        self.memory = _opened(memory)
        self.namespace = namespace
        self.tokens_processed = self.truncated = 0
        self.answers_read: ReadAnswers | None = None

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

        Args:
            name: Its name, or its folder.
            precision: ``fp32``, ``bf16`` or ``auto`` (bf16 where this machine multiplies it natively).
            device: Torch device; None takes a GPU if there is one.
            keeps_vectors: Keep what a frozen backbone makes of each text in the cache folder, so that it is read once
                only: for public corpora, not for anybody's own conversations.
            memory: See ``Labeler``.
            namespace: See ``Labeler``.
            annotations: For an LLM system: a file as ``erckit annotate --out`` writes it, in place of the writer that
                the model was trained with.

        Raises:
            ModelFolderError: No such model, or a folder that is incomplete, altered or of another version.
            BackboneError, SpeakerMemoryError: Its backbone cannot be had; no speaker memory, or of another version.
        """
        from erckit.labelling.open_system import open_system

        return cls(open_system(name, precision, device, keeps_vectors, annotations), memory, namespace)

    def with_memory(self, memory: SpeakerStore | str | Path | None, namespace: str = "default") -> Labeler:
        """The same model with another speaker memory, or none; it costs nothing."""
        return Labeler(self.system, memory, namespace)

    def with_scoring(self, scoring: Scoring | None) -> Labeler:
        """The same network with another way from its vectors to labels; None takes its label head."""
        base = self.system.base if isinstance(self.system, OwnLabels) else self.system
        return Labeler(base if scoring is None else OwnLabels(base, scoring), self.memory, self.namespace)

    def with_style(self, changes: Mapping[str, Any]) -> Labeler:
        """The same LLM system asked with other prompts than it was trained with; its name tells the changes.

        Args:
            changes: Settings of its prompt style by name, such as ``{"recent": 0}``.

        Raises:
            SettingError: A system without prompts, no such setting, or a value that does not fit.
        """
        return Labeler(self._able("prompts").with_style(changes), self.memory, self.namespace)

    @property
    def about(self) -> About:
        """What the system says of itself."""
        about: About = self.system.about
        return about

    @property
    def name(self) -> str:
        """The model's name."""
        return self.about.name

    @property
    def label_set(self) -> LabelSet:
        """Labels it scores."""
        return self.about.label_set

    @property
    def temperature(self) -> float | None:
        """What logits are divided by, fitted on held-out data; None when scores are not calibrated."""
        return self.about.temperature

    @property
    def causal(self) -> bool:
        """Whether no label depends on a later utterance."""
        return self.about.is_causal

    @property
    def settings(self) -> dict[str, Any]:
        """The recipe it was trained with; of an adapted model also what its labels were made from."""
        return dict(self.about.settings)

    @property
    def scores(self) -> dict[str, Any]:
        """What its training wrote down: dev scores, ``training_seconds`` and ``training_device``."""
        return dict(self.about.scores)

    @property
    def history_scope(self) -> str:
        """Where a speaker's past may come from, as the model was trained: see ``HistorySettings``."""
        return self.about.history_scope

    @property
    def max_utterance_tokens(self) -> int:
        """Tokens of an utterance that are read; ``truncated`` counts the utterances labelled so far that had more."""
        return self.about.max_utterance_tokens

    @property
    def folder(self) -> Path:
        """Where the model was read from."""
        return self.about.folder

    @property
    def model_id(self) -> str:
        """Name under which the speaker memory keeps what it makes: another training's vectors mean something else."""
        return self.about.model_id

    @property
    def precision(self) -> str:
        """``fp32`` or ``bf16``."""
        return self.about.precision

    @property
    def parameters(self) -> int | None:
        """Parameters of the network; None where nobody tells."""
        return self.about.parameters

    @property
    def trained_parameters(self) -> int | None:
        """Parameters that training changed; None where nobody tells."""
        return self.about.trained_parameters

    @property
    def scoring(self) -> Scoring | None:
        """How labels come from the vectors; None where it is the system's own way."""
        return self.system.scoring if isinstance(self.system, OwnLabels) else None

    @property
    def pretrained(self) -> PretrainedModel:
        """The encoder and what belongs to it.

        Raises:
            SettingError: A system without one.
        """
        pretrained: PretrainedModel = self._able("encoder").pretrained
        return pretrained

    def read(self, ask: Ask) -> Reading:
        """What the system makes of conversations, counted."""
        reading: Reading = self.system.read(ask)
        self.tokens_processed += reading.tokens
        self.truncated += reading.truncated
        if reading.answers is not None:
            self.answers_read = reading.answers if self.answers_read is None else self.answers_read + reading.answers
        return reading

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
            SettingError: A value out of its range, or a least confidence of a system without scores.
            FormatError: A file that cannot be read.
        """
        check_confidence(min_confidence)
        if min_confidence is not None:
            self.about.need("scores")
        chosen = given_conversations(conversations)
        ask = self._ask(chosen, history, remember, batch_tokens, report, namespace)
        reading = self.read(ask)
        labelled = labelled_conversations(chosen, reading, self.about, min_confidence, self.about.temperature)
        if ask.memory is not None and writes_memory and labelled:
            assert reading.known is not None
            ask.memory.remember(labelled, reading.known, reading.memory_vectors, reading.biographies)
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
            SettingError: The model reads later utterances or has no stream, or a value out of its range.
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

        Of an LLM system these are log-likelihoods. A speaker memory is read and not added to.
        """
        self.about.need("logits")
        logits = self.read(self._ask(conversations, history, remember, batch_tokens, report, namespace)).logits
        assert logits is not None
        return list(logits)

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
        the label head; for sentemo its metric space; for an LLM system the last layer's state at the end of each
        utterance's question. Arguments as for ``label``; a speaker memory is read and not added to.
        """
        self.about.need("vectors")
        ask = self._ask(conversations, history, remember, batch_tokens, report, namespace, wants_vectors=True)
        vectors = self.read(ask).vectors
        assert vectors is not None
        return list(vectors)

    def score(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits before calibration, (R, L), of what :meth:`vectors` gives, (R, V)."""
        logits: NDArray[np.float32] = self._able("label head").score(vectors)
        return logits

    def stream_encoding(self) -> StreamEncoding:
        """What reads utterances of streams; made once.

        Raises:
            SettingError: The model reads later utterances, or has no stream.
        """
        encoding: StreamEncoding = self._able("stream").encoding
        return encoding

    def memory_of(self, namespace: str | None = None) -> ModelMemory | None:
        """The speaker memory as this model reads and writes it; None without one."""
        if self.memory is None:
            return None
        where = self.namespace if namespace is None else namespace
        memory: ModelMemory = self._able("memory").memory_of(self.memory, where, self.about.model_id)
        return memory

    def _ask(
        self,
        conversations: Sequence[Conversation],
        history: str | None,
        remember: Sequence[Conversation],
        batch_tokens: int,
        report: Callable[[int], None] | None,
        namespace: str | None,
        wants_vectors: bool = False,
    ) -> Ask:
        memory = self.memory_of(namespace)
        history = history or ("conversation" if memory is None else "all")
        return Ask(conversations, history, remember, memory, batch_tokens, report, wants_vectors)

    def _able(self, capability: str) -> Any:
        """The system, which has a capability.

        Raises:
            SettingError: It does not have it.
        """
        self.about.need(capability)
        return self.system


def _opened(memory: SpeakerStore | str | Path | None) -> SpeakerStore | None:
    if not isinstance(memory, str | Path):
        return memory
    from erckit.memory.store.open_store import open_store

    return open_store(memory)
