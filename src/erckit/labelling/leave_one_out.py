"""Which earlier utterances mattered for a label: each is left out in turn and the score looked at again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from erckit.conversation import Conversation
from erckit.errors import SettingError
from erckit.labels import LabelSet

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _Scores(Protocol):
    """What is needed of a labeler."""

    @property
    def causal(self) -> bool: ...

    @property
    def label_set(self) -> LabelSet: ...

    @property
    def temperature(self) -> float | None: ...

    def logits(
        self,
        conversations: Sequence[Conversation],
        *,
        batch_tokens: int = ...,
        report: Callable[[int], None] | None = ...,
    ) -> list[NDArray[np.float32]]: ...


@dataclass(frozen=True, slots=True)
class Effect:
    """What one earlier utterance did to the target's score.

    Args:
        utterance_id: The earlier utterance.
        effect: The target's score with everything minus its score without this utterance, in [-1, 1]: above 0 the
            utterance spoke for the label, below 0 against it.
    """

    utterance_id: str
    effect: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Which earlier utterances mattered for one label.

    Args:
        label: The target's label with the highest score when nothing is left out.
        score: That score, in [0, 1].
        effects: One per earlier utterance that was left out, in the order of the conversation.
        passes: How often the model read the conversation: once, and once more for every effect.
    """

    label: str
    score: float
    effects: tuple[Effect, ...]
    passes: int


def leave_one_out(
    labeler: _Scores,
    conversation: Conversation,
    index: int,
    *,
    batch_tokens: int = 4096,
    nearest: int | None = None,
    report: Callable[[int], None] | None = None,
) -> Explanation:
    """Leave every earlier utterance out in turn and measure the change of the target's highest score.

    All variants are labelled in one batched call. The effects say what the model made of the utterances, not why a
    person felt something; two utterances that say the same can both have no effect alone. Nothing is remembered.

    Args:
        labeler: A :class:`~erckit.labelling.labeler.Labeler`.
        conversation: The conversation; what comes after the target is read by models that are not causal only.
        index: Position of the target utterance, from 0.
        batch_tokens: Tokens encoded at a time.
        nearest: Leave out only the so many utterances before the target, which bounds the cost; None takes all.
        report: Called with the number of utterances read.

    Returns:
        The label, its score and the effects.

    Raises:
        SettingError: No utterance at ``index``, or ``nearest`` below 0.
    """
    if not 0 <= index < len(conversation):
        raise SettingError(
            f"conversation '{conversation.id}' has no utterance {index}; "
            f"its {len(conversation)} utterances are counted from 0 to {len(conversation) - 1}."
        )
    if nearest is not None and nearest < 0:
        raise SettingError(f"the number of nearest utterances must be at least 0, got {nearest}.")
    read = conversation.utterances[: index + 1] if labeler.causal else conversation.utterances
    tried = range(0 if nearest is None else max(0, index - nearest), index)
    variants = [Conversation(conversation.id, read, conversation.meta)]
    variants += [
        Conversation(f"{conversation.id} without {u}", read[:u] + read[u + 1 :], conversation.meta) for u in tried
    ]
    logits = labeler.logits(variants, batch_tokens=batch_tokens, report=report)
    rows = np.stack([logits[0][index], *(one[index - 1] for one in logits[1:])])  # (1 + variants, L)
    scores = _softmax(rows / (labeler.temperature or 1.0))
    best = int(scores[0].argmax())
    effects = tuple(
        Effect(read[u].id, float(scores[0, best] - row[best])) for u, row in zip(tried, scores[1:], strict=True)
    )
    return Explanation(labeler.label_set.labels[best], float(scores[0, best]), effects, len(variants))


def _softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return result
