"""CKERC: commonsense about speaker and listeners, in the prompt or learnt first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from erckit.models.prompts.laerc_s import LaercS
from erckit.prompting.annotation.elements import DEFAULT_ELEMENTS, check_elements
from erckit.prompting.prompt.prompt_style import StyleSettings
from erckit.settings import choose

PLACES = ("prompt", "first_task", "both")


@dataclass(frozen=True, slots=True)
class CkercSettings(StyleSettings):
    """Settings of CKERC's prompt.

    Args:
        elements: ATOMIC elements that make up the commonsense: the speaker's intent and the listeners' reaction.
        commonsense: ``first_task`` (learn to write it, then the emotions; as published), in the ``prompt``, or
            ``both``.
    """

    elements: tuple[str, ...] = DEFAULT_ELEMENTS
    commonsense: str = "first_task"

    def __post_init__(self) -> None:
        StyleSettings.__post_init__(self)
        check_elements(self.elements)
        choose(self.commonsense, PLACES, "style.commonsense")


class Ckerc(LaercS):
    """Prompt of CKERC, and its first task.

    Source: Fu, "CKERC: Joint Large Language Models with Commonsense Knowledge for Emotion Recognition in Conversation"
    (arXiv 2403.07260 v1).

    Deviations: as :class:`LaercS`, whose first version it is. The paper does not show its first task word by word;
    here the model writes the speaker's intent and the listeners' reaction for every utterance.
    """

    name = "ckerc"
    settings_class: ClassVar[type[StyleSettings]] = CkercSettings
    first_stage = "commonsense"

    def _is_shown(self) -> bool:
        return self.settings.commonsense != "first_task"

    def _is_learnt(self) -> bool:
        return self.settings.commonsense != "prompt"
