"""How an LLM system is trained, beyond what all systems have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from erckit.errors import SettingError
from erckit.settings import choose

LOSSES = ("labels", "lm")


@dataclass(frozen=True, slots=True)
class LlmTrainingSettings:
    """Read by LLM systems only.

    Args:
        loss: ``labels``, cross-entropy over the likelihoods of all labels, of what ``context.label_form`` says is
            scored; or ``lm``, the likelihood of the right label alone, as published: of its whole word and of the end
            of the answer, whatever is scored afterwards.
        first_task: Task of the prompt style that is learnt before emotions, such as ``speaker_identification``; empty
            for none.
        first_epochs: Epochs of it.
        extra_tasks: Tasks of the prompt style that are learnt beside emotions: name to weight of its loss.
        saves_memory: Gradient checkpointing: layers are computed again on the way back instead of kept.
        adjusts_labels: Whether numbers chosen on dev are added to the scores of the labels (``label_offsets``), when
            the epoch is chosen too.
        is_trained: Without, the causal LM is used as it is (zero-shot); only the temperature is fitted, on dev.
    """

    loss: str = "labels"
    first_task: str = ""
    first_epochs: int = 1
    extra_tasks: Mapping[str, float] = field(default_factory=dict)
    saves_memory: bool = False
    adjusts_labels: bool = False
    is_trained: bool = True

    def __post_init__(self) -> None:
        choose(self.loss, LOSSES, "training.llm.loss")
        if self.first_epochs < 1:
            raise SettingError(f"'training.llm.first_epochs' must be at least 1, got {self.first_epochs}.")
        for task, weight in self.extra_tasks.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < math.inf:
                raise SettingError(f"'training.llm.extra_tasks.{task}' must be a weight of 0 or more, got {weight!r}.")

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks of the prompt style that are learnt."""
        first = (self.first_task,) if self.first_task else ()
        return (*first, *(name for name, weight in self.extra_tasks.items() if weight))
