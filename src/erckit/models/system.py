"""What every system is to whoever labels with it, scores it or serves it: what it says of itself, asks and readings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation
from erckit.errors import SettingError
from erckit.labels import LabelSet
from erckit.settings import choose

if TYPE_CHECKING:
    from erckit.memory.model_memory import ModelMemory
    from erckit.prompting.answers.read_answers import ReadAnswers

HISTORIES = ("conversation", "all")

# Capability -> why a system without it refuses what needs it.
CAPABILITIES = {
    "scores": "has no scores and no confidence",
    "logits": "has no logits",
    "vectors": "has no vectors",
    "label head": "has no label head that reads vectors",
    "encoder": "is no encoder, which this needs",
    "stream": "labels whole conversations and has no stream",
    "memory": "has no scores, which a speaker memory keeps",
    "prompts": "has no prompts to change",
}


@dataclass(frozen=True, slots=True)
class About:
    """What a system says of itself.

    Args:
        name: Its name in results.
        label_set: L labels in the order of its scores.
        settings: The recipe it was trained with, or what stands for one, as results record it.
        can: Its capabilities, keys of ``CAPABILITIES``.
        refusal: The sentence in which it refuses anything else; ``{why}`` stands in it.
        is_causal: Whether no label depends on a later utterance.
        temperature: What logits are divided by before the softmax, fitted on held-out data; None for nothing.
        is_calibrated: Whether its scores are calibrated, by that temperature or by themselves.
        selected_on: Where it was chosen and calibrated: ``dev`` of its own corpus, a split by its whole name, or
            empty where nothing was chosen.
        history_scope: Where a speaker's past may come from, as it was trained: see ``HistorySettings``.
        max_utterance_tokens: Tokens of an utterance that are read at most; 0 where nothing is cut.
        folder: Its model folder.
        model_id: Name under which a speaker memory keeps what it makes: another training means something else.
        precision: ``fp32`` or ``bf16``.
        parameters: Numbers it computes with; None where that says nothing or nobody tells.
        trained_parameters: Those that training changed; None likewise.
        scores: What its training wrote down: dev scores, ``training_seconds`` and ``training_device``.
        backbone: Name of its encoder; empty without one.
        backbone_folder: Where that lies.
        answers: How labels come from generated answers; empty where labels are scored.
        own_labels: What labels of the user's own were made from; empty without such labels.
    """

    name: str
    label_set: LabelSet
    settings: Mapping[str, Any]
    can: frozenset[str]
    refusal: str
    is_causal: bool = True
    temperature: float | None = None
    is_calibrated: bool = False
    selected_on: str = "dev"
    history_scope: str = "none"
    max_utterance_tokens: int = 0
    folder: Path = Path()
    model_id: str = ""
    precision: str = "fp32"
    parameters: int | None = None
    trained_parameters: int | None = None
    scores: Mapping[str, Any] = field(default_factory=dict)
    backbone: str = ""
    backbone_folder: Path | None = None
    answers: str = ""
    own_labels: Mapping[str, Any] = field(default_factory=dict)

    def need(self, capability: str) -> None:
        """Refuse what needs a capability that the system does not have.

        Raises:
            SettingError: It does not have it.
        """
        if capability not in self.can:
            raise SettingError(self.refusal.format(why=CAPABILITIES[capability]))


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a system.

    Args:
        conversations: To be labelled, C of them.
        history: ``conversation``: a speaker's history is this conversation. ``all``: also the earlier ones among
            ``remember`` and ``conversations``, then the speaker memory.
        remember: Earlier conversations that are not labelled themselves.
        memory: Speaker memory; None for none.
        batch_tokens: Tokens read at a time, at least 1.
        report: Called with the number of utterances read.
        wants_vectors: Whether vectors are wanted besides scores.

    Raises:
        SettingError: A value out of its range.
    """

    conversations: Sequence[Conversation]
    history: str = "conversation"
    remember: Sequence[Conversation] = ()
    memory: ModelMemory | None = None
    batch_tokens: int = 4096
    report: Callable[[int], None] | None = None
    wants_vectors: bool = False

    def __post_init__(self) -> None:
        choose(self.history, HISTORIES, "history")
        if self.batch_tokens < 1:
            raise SettingError(f"the tokens of a batch must be at least 1, got {self.batch_tokens}.")

    def split(self, rows: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Rows of all utterances, (R, ...), as one array per conversation."""
        return np.split(rows, np.cumsum([len(c) for c in self.conversations])[:-1]) if self.conversations else []


@dataclass(frozen=True, slots=True)
class Reading:
    """What a system makes of C conversations of U utterances each.

    One of ``logits``, ``scores`` and ``answers`` says which labels they have.

    Args:
        logits: Before the temperature, one array (U, L) per conversation.
        scores: In [0, 1], summing to 1, (U, L) per conversation, from a system that has no logits.
        answers: What was generated about every utterance.
        vectors: What the label head reads, one array (U, V) per conversation; where they were asked for.
        memory_vectors: By which the utterances are remembered, one array (U, H) per conversation; with a memory.
        known: Time of every utterance that the memory knew before, by conversation and utterance; with a memory.
        biographies: Those that were written; from a system that writes some.
        tokens: Tokens that were read, of the conversations asked about.
        truncated: Their utterances that were cut.
        cached: Texts that were not read, as their vectors lay in the cache folder.
    """

    logits: Sequence[NDArray[np.float32]] | None = None
    scores: Sequence[Sequence[Sequence[float]]] | None = None
    answers: ReadAnswers | None = None
    vectors: Sequence[NDArray[np.float32]] | None = None
    memory_vectors: Sequence[NDArray[np.float32]] | None = None
    known: Mapping[str, Mapping[str, float]] | None = None
    biographies: Any = None
    tokens: int = 0
    truncated: int = 0
    cached: int = 0


class System(Protocol):
    """Labels conversations: a trained network, a causal LM that is scored or answers, a baseline, own labels.

    A capability beyond :meth:`read` is a value of ``about.can`` and one method: ``label head`` has ``score``,
    ``stream`` has ``encoding``, ``memory`` has ``memory_of``, ``prompts`` has ``with_style``, ``encoder`` has
    ``pretrained``.
    """

    @property
    def about(self) -> About:
        """What it says of itself."""

    def read(self, ask: Ask) -> Reading:
        """What it makes of conversations; labels do not depend on how they are batched or ordered."""
