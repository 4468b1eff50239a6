"""The plainest prompt, for models that are not trained on the task: the labels, and one utterance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from erckit.errors import SettingError
from erckit.prompting.prompt.prompt_context import PromptContext
from erckit.prompting.prompt.prompt_style import PromptStyle, Shown, StyleSettings, example_lines, label_list


@dataclass(frozen=True, slots=True)
class LastUtteranceSettings(StyleSettings):
    """Settings of the plain prompt; without history by default, as published."""

    history: str = "none"

    def __post_init__(self) -> None:
        StyleSettings.__post_init__(self)
        if self.layout != "shared":
            raise SettingError("'style.layout' of last_utterance can only be shared: nothing is published to follow.")


class LastUtterance(PromptStyle):
    """A question about the last utterance alone.

    Source: the zero-shot comparison in Gendron and Guibon, "SEC: Context-Aware Metric Learning for Efficient Emotion
    Recognition in Conversation" (WASSA 2024), which asks language models about last utterances only.

    Deviations: the wording is erckit's own; labels are scored, not sampled. ``history: all`` shows what came before.
    """

    name = "last_utterance"
    settings_class: ClassVar[type[StyleSettings]] = LastUtteranceSettings

    @property
    def shares_prefix(self) -> bool:
        """Also without history: the opening is shared and the utterance stands in the question."""
        return self.settings.history != "window"

    def _blocks(self, shown: Shown, context: PromptContext) -> tuple[str, ...]:
        return super()._blocks(shown, context) if self.settings.history != "none" else ("",) * len(shown.names)

    def _opening(self, shown: Shown, context: PromptContext, t: int | None) -> str:
        examples = example_lines("Examples", context.examples, context)
        heading = "Conversation:\n" if self.settings.history != "none" else ""
        return f"Tell the emotion of what somebody says.\nEmotions: {label_list(context)}.\n{examples}{heading}"

    def _question(self, shown: Shown, context: PromptContext, t: int) -> str:
        if self.settings.history == "none":
            return f"{shown.texts[t]}\nEmotion:"
        return self._asks()
