"""LaERC-S: the model first learns to write what lies behind an utterance, then to tell its emotion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from erckit.conversation import Conversation
from erckit.prompting.annotation.elements import characteristic_line, check_elements
from erckit.prompting.prompt.characteristic_task import ANSWER_WORDS, characteristic_task
from erckit.prompting.prompt.prompt_context import PromptContext
from erckit.prompting.prompt.prompt_style import PromptStyle, Shown, StyleSettings, example_lines, label_list
from erckit.prompting.prompt.task import Task


@dataclass(frozen=True, slots=True)
class LaercSSettings(StyleSettings):
    """Settings of LaERC-S's prompt.

    Args:
        elements: ATOMIC elements of the first stage (and of the prompt, where they are shown).
        in_prompt: Whether the characteristics stand in the prompt too; not so as published.
    """

    elements: tuple[str, ...] = ("oReact",)
    in_prompt: bool = False

    def __post_init__(self) -> None:
        StyleSettings.__post_init__(self)
        check_elements(self.elements)


class LaercS(PromptStyle):
    """Prompt of LaERC-S, and its first stage.

    Source: Fu et al., "LaERC-S: Improving LLM-based Emotion Recognition in Conversation with Speaker Characteristics"
    (arXiv 2403.07260 v2), §3.

    Deviations: the wording is erckit's own (no code is published). ``layout: shared`` lists the labels in the opening
    and does not repeat the target; ``layout: published`` has the labels and the target in angle brackets after the
    history between triple hashes. The published history window of 12 is ``history: window``. Characteristics are not
    shown to the second stage unless ``in_prompt`` is set (the paper's own ablation, which was worse). The published
    choice of ``oReact`` was made on test results; treat it as one of nine.
    """

    name = "laerc_s"
    settings_class: ClassVar[type[StyleSettings]] = LaercSSettings
    first_stage: ClassVar[str] = "characteristics"

    @property
    def needs(self) -> frozenset[str]:
        """``characteristics`` where they stand in the prompt."""
        return frozenset({"characteristics"} if self._is_shown() else ())

    @property
    def task_needs(self) -> Mapping[str, frozenset[str]]:
        """``characteristics``, the answers of the first stage."""
        return {self.first_stage: frozenset({"characteristics"})} if self._is_learnt() else {}

    def tasks(self, conversation: Conversation, context: PromptContext) -> Mapping[str, Task]:
        """The first stage: write the characteristics of every utterance."""
        if not self._is_learnt():
            return {}
        context.check(conversation)
        shown = self._shown(conversation)
        before = {"all": -1, "window": self.settings.window, "none": 0}[self.settings.history]
        blocks, elements = self._blocks(shown, context), self.settings.elements
        return {self.first_stage: characteristic_task(self.first_stage, shown, blocks, context, elements, before)}

    def _is_shown(self) -> bool:
        return bool(self.settings.in_prompt)

    def _is_learnt(self) -> bool:
        return True

    def _opening(self, shown: Shown, context: PromptContext, t: int | None) -> str:
        examples = example_lines("Examples", context.examples, context)
        if self.settings.layout == "published":
            return f"You are an expert on emotions. A conversation stands between the two ###.\n{examples}###\n"
        return (
            f"You tell what people feel in a conversation.\nEmotions: {label_list(context)}.\n{examples}Conversation:\n"
        )

    def _question(self, shown: Shown, context: PromptContext, t: int) -> str:
        known = context.characteristics[t] if context.characteristics and self._is_shown() else {}
        behind = characteristic_line(known, self.settings.elements, shown.names[t], ANSWER_WORDS)
        if self.settings.layout == "published":
            target = f"###\nChoose the emotion of <{shown.line(t)}> from this list: {label_list(context)}.\n"
            return f"{target}{behind}Emotion:"
        return f"{behind}{self._asks(shown.names[t])}"
