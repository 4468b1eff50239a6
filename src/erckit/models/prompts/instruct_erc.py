"""InstructERC: an instruction, the history, the labels and one retrieved example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from erckit.conversation import Conversation
from erckit.errors import SettingError
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt, Question
from erckit.prompting.prompt.prompt_context import PromptContext
from erckit.prompting.prompt.prompt_style import (
    SHOWN_WORDS,
    PromptStyle,
    Shown,
    StyleSettings,
    example_lines,
    label_list,
)
from erckit.prompting.prompt.task import NO_GOLD, Task
from erckit.read_when import read_when, unless

DEMONSTRATION_WORDS = 12  # they stand in the question, so they are read once per utterance


@dataclass(frozen=True, slots=True)
class InstructErcSettings(StyleSettings):
    """Settings of InstructERC's prompt.

    Args:
        demonstrations: Retrieved examples shown with each question, at most; 0 shows none.
        demonstration_words: Words of each that are shown, the rest as an ellipsis; None shows 12, and 40 where the
            layout is the published one.
    """

    demonstrations: int = 1
    demonstration_words: int | None = field(default=None, metadata=read_when(unless("style.demonstrations", 0)))

    def __post_init__(self) -> None:
        StyleSettings.__post_init__(self)
        if self.demonstrations < 0:
            raise SettingError(f"'style.demonstrations' must be 0 or more, got {self.demonstrations}.")
        if self.demonstration_words is not None and self.demonstration_words < 1:
            raise SettingError(f"'style.demonstration_words' must be at least 1, got {self.demonstration_words}.")

    @property
    def shown_words(self) -> int:
        """Words of a demonstration that are shown."""
        if self.demonstration_words is not None:
            return self.demonstration_words
        return SHOWN_WORDS if self.layout == "published" else DEMONSTRATION_WORDS


class InstructErc(PromptStyle):
    """Prompt of InstructERC: instruction, history, label statement, demonstration; two auxiliary tasks.

    Source: Lei et al., "InstructERC: Reforming Emotion Recognition in Conversation with Multi-task Retrieval-Augmented
    Large Language Models" (arXiv 2309.11911), §3.

    Deviations: the wording is erckit's own. With ``layout: shared`` the label statement stands before the history and
    the target is not repeated, because it is the last line above the question; the demonstration stands in the
    question. With ``layout: published`` the order is the paper's (instruction, history between triple hashes, label
    statement with the target in angle brackets, demonstration); the history is still whole unless ``history`` is
    ``window`` (12 utterances before the target, as in the authors' code; the paper counts the target among them).
    Speakers have their names; the published ``Speaker_k`` is ``speakers: numbers``. Speaker identification asks for the
    speakers of the conversation, where the published code numbers them over the corpus.
    """

    name = "instruct_erc"
    settings_class: ClassVar[type[StyleSettings]] = InstructErcSettings

    @property
    def needs(self) -> frozenset[str]:
        """``demonstrations``, unless they are switched off."""
        return frozenset({"demonstrations"} if self.settings.demonstrations else ())

    @property
    def separator(self) -> str:  # type: ignore[override]
        """Utterances are separated by tabs where the layout is the published one."""
        return "\t" if self.settings.layout == "published" else "\n"

    def tasks(self, conversation: Conversation, context: PromptContext) -> Mapping[str, Task]:
        """``speaker_identification`` (a first stage: who said this?) and ``emotion_impact`` (what will the next feel?).

        Returns:
            Speaker identification is empty where fewer than two speakers talk. Emotion impact has a question for every
            utterance but the first; its gold is a place in the label set.
        """
        shown = self._shown(conversation)
        return {
            "speaker_identification": self._who(shown),
            "emotion_impact": self._next(conversation, shown, context),
        }

    def _opening(self, shown: Shown, context: PromptContext, t: int | None) -> str:
        if self.settings.layout == "published":
            return (
                "You are an expert in the analysis of sentiment and emotion. Between the two ### stands a conversation "
                f"of several speakers.\n{self._few_shot(context)}###\t"
            )
        return (
            "You tell what people feel in a conversation.\n"
            f"Emotions: {label_list(context)}.\n{self._few_shot(context)}Conversation:\n"
        )

    def _few_shot(self, context: PromptContext) -> str:
        return example_lines("Examples", context.examples, context)

    def _question(self, shown: Shown, context: PromptContext, t: int) -> str:
        found = context.demonstrations[t][: self.settings.demonstrations] if context.demonstrations else ()
        example = example_lines("Example", found, context, self.settings.shown_words)
        if self.settings.layout == "published":
            return (
                f"###\nChoose the emotion of <{shown.line(t)}> from this list: {label_list(context)}.\n"
                f"{example}Emotion:"
            )
        return f"{example}{self._asks(shown.names[t])}"

    def _who(self, shown: Shown) -> Task:
        speakers = tuple(dict.fromkeys(shown.names))
        if len(speakers) < 2:
            return Task("speaker_identification", (), ())
        prompt = ConversationPrompt(
            f"You tell who said a line of a conversation.\nSpeakers: {', '.join(speakers)}.\n",
            (),
            tuple(Question(0, f"Line: {text}\nSpeaker:", speakers) for text in shown.texts),
        )
        return Task("speaker_identification", (prompt,), tuple(speakers.index(name) for name in shown.names))

    def _next(self, conversation: Conversation, shown: Shown, context: PromptContext) -> Task:
        asked = range(1, len(shown.names))
        gold = context.label_set.indices((conversation.utterances[t].label for t in asked), NO_GOLD)
        end = "###\n" if self.settings.layout == "published" else ""
        listed = f" Choose from this list: {label_list(context)}." if end else ""
        questions = [
            Question(t, f"{end}{shown.names[t]} speaks next.{listed}\nEmotion of {shown.names[t]} then:") for t in asked
        ]
        blocks, opening = self._blocks(shown, context), self._opening(shown, context, None)
        if self.shares_prefix:
            prompts = (ConversationPrompt(opening, blocks, tuple(questions)),) if questions else ()
            return Task("emotion_impact", prompts, tuple(gold))
        before = self.settings.window if self.settings.history == "window" else 0
        cut = [(blocks[max(0, t - before) : t], question) for t, question in zip(asked, questions, strict=True)]
        alone = tuple(ConversationPrompt(opening, seen, (Question(len(seen), q.text),)) for seen, q in cut)
        return Task("emotion_impact", alone, tuple(gold))
