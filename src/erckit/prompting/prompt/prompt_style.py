"""What all prompt styles share: how a conversation is shown, and how its prompts share their beginning."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from erckit.conversation import Conversation
from erckit.errors import SettingError
from erckit.prompting.prompt.conversation_prompt import CONTENT, ContentFree, ConversationPrompt, Question
from erckit.prompting.prompt.prompt_context import LabelledText, PromptContext
from erckit.prompting.prompt.quoted import plain_names, quoted
from erckit.prompting.prompt.task import Task
from erckit.read_when import only, read_when
from erckit.settings import choose

HISTORIES = ("all", "window", "none")
LAYOUTS = ("shared", "published")
SPEAKERS = ("names", "numbers")
WORDINGS = (1, 2)
SHOWN_WORDS = 40  # of a text that is quoted in a question, so that questions stay short


@dataclass(frozen=True, slots=True)
class StyleSettings:
    """Settings that every style has.

    Args:
        layout: ``shared`` puts all that utterances have in common into the opening, so that the prompts of a
            conversation share their beginning; ``published`` puts every part where the paper has it.
        history: ``all`` earlier utterances (one pass over the conversation), the last ``window`` of them (a sliding
            window moves the beginning, so every utterance has a prompt of its own), or ``none``.
        window: Utterances before the target that are shown with ``history: window``.
        speakers: ``names`` as they are, or ``numbers`` (``Speaker_0`` is who speaks first in the conversation).
        wording: Version of the words; a model folder keeps the one that its model was trained with. 1 ends its
            questions with "at the end of the conversation", which costs its tokens for every utterance; 2 does not.
            Published layouts are the same in both.
    """

    layout: str = "shared"
    history: str = "all"
    window: int = field(default=12, metadata=read_when(only("style.history", "window")))
    speakers: str = "names"
    wording: int = field(default=2, metadata=read_when(only("style.layout", "shared")))

    def __post_init__(self) -> None:
        choose(self.layout, LAYOUTS, "style.layout")
        choose(self.history, HISTORIES, "style.history")
        choose(self.speakers, SPEAKERS, "style.speakers")
        if self.wording not in WORDINGS:
            raise SettingError(
                f"'style.wording' is {' or '.join(map(str, WORDINGS))}, got {self.wording}. A model that was trained "
                "with another wording needs the erckit version that trained it."
            )
        if self.window < 0:
            raise SettingError(f"'style.window' counts utterances and cannot be {self.window}.")


@dataclass(frozen=True, slots=True)
class Shown:
    """A conversation as a prompt shows it.

    Args:
        names: Of each utterance's speaker.
        texts: Of each utterance, on one line in quotes.
    """

    names: tuple[str, ...]
    texts: tuple[str, ...]

    def line(self, t: int) -> str:
        """Utterance ``t`` as ``Name: "text"``."""
        return f"{self.names[t]}: {self.texts[t]}"


class PromptStyle(ABC):
    """Turns a conversation and what is known about it into prompts.

    A style writes an opening (the same for all utterances), one block per utterance (never changed by a later one), and
    a question per utterance, which holds all that belongs to that utterance alone.

    Args:
        settings: Of the style's own ``settings_class``.
    """

    name: ClassVar[str]
    settings_class: ClassVar[type[StyleSettings]] = StyleSettings
    # What stands between two utterances.
    separator: ClassVar[str] = "\n"
    # What it reads of ``model``, besides the backbone: which utterances a speaker's past is made of.
    reads_settings: ClassVar[frozenset[str]] = frozenset({"history.scope", "history.order"})
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"history.scope": ("none", "conversation", "all")}

    def __init__(self, settings: Any = None) -> None:
        self.settings: Any = settings if settings is not None else self.settings_class()

    @property
    def is_causal(self) -> bool:
        """Whether nothing that was said after an utterance is in its prompt."""
        return True

    @property
    def needs(self) -> frozenset[str]:
        """Fields of :class:`PromptContext` that :meth:`prompts` reads; without them it writes a shorter prompt."""
        return frozenset()

    @property
    def task_needs(self) -> Mapping[str, frozenset[str]]:
        """Fields of :class:`PromptContext` that each of :meth:`tasks` reads, by its name; none for those left out."""
        return {}

    @property
    def shares_prefix(self) -> bool:
        """Whether one prompt serves the whole conversation."""
        return bool(self.settings.history == "all")

    def prompts(self, conversation: Conversation, context: PromptContext) -> tuple[ConversationPrompt, ...]:
        """Prompts of a conversation: one where they share their beginning, else one per utterance.

        The questions of all of them, one after the other, are about the utterances in order.

        Raises:
            SettingError: A field of ``context`` has not one entry per utterance.
        """
        context.check(conversation)
        shown = self._shown(conversation)
        if self.shares_prefix:
            return (
                ConversationPrompt(
                    self._opening(shown, context, None),
                    self._blocks(shown, context),
                    tuple(self._asked(shown, context, t, t + 1) for t in range(len(conversation))),
                ),
            )
        return tuple(self._alone(shown, context, t) for t in range(len(conversation)))

    def tasks(self, conversation: Conversation, context: PromptContext) -> Mapping[str, Task]:
        """Extra training tasks of the style for one conversation, by name."""
        return {}

    @abstractmethod
    def _opening(self, shown: Shown, context: PromptContext, t: int | None) -> str:
        """What stands before the conversation; ``t`` is None where it must serve every utterance."""

    @abstractmethod
    def _question(self, shown: Shown, context: PromptContext, t: int) -> str:
        """What is asked about utterance ``t``, the last that is shown."""

    def _asks(self, whose: str = "") -> str:
        """The last line of a question, which the label follows."""
        where = " at the end of the conversation" if self.settings.wording == 1 else ""
        return f"Emotion{f' of {whose}' if whose else ''}{where}:"

    def _blocks(self, shown: Shown, context: PromptContext) -> tuple[str, ...]:
        return tuple(shown.line(t) + self.separator for t in range(len(shown.names)))

    def _after(self) -> int:
        """Utterances after the target that its prompt shows."""
        return 0

    def _alone(self, shown: Shown, context: PromptContext, t: int) -> ConversationPrompt:
        before = {"all": t, "window": self.settings.window, "none": 0}[self.settings.history]
        blocks = self._blocks(shown, context)[max(0, t - before) : t + 1 + self._after()]
        question = self._asked(shown, context, t, len(blocks))
        return ConversationPrompt(self._opening(shown, context, t), blocks, (question,))

    def _asked(self, shown: Shown, context: PromptContext, t: int, sees: int) -> Question:
        """The question about utterance ``t``, and the same about a conversation of one utterance that says nothing."""
        nobody = Shown(("Speaker",), (f'"{CONTENT}"',))
        nothing = PromptContext(context.label_set, context.label_words, examples=context.examples)
        free = ContentFree(
            self._opening(nobody, nothing, None if self.shares_prefix else 0),
            self._blocks(nobody, nothing)[0],
            self._question(nobody, nothing, 0),
        )
        return Question(sees, self._question(shown, context, t), content_free=free)

    def _shown(self, conversation: Conversation) -> Shown:
        if self.settings.speakers == "numbers":
            numbers = {name: f"Speaker_{i}" for i, name in enumerate(conversation.speakers)}
            names = tuple(numbers[u.speaker] for u in conversation.utterances)
        else:
            names = plain_names([u.speaker for u in conversation.utterances])
        return Shown(names, tuple(quoted(u.text) for u in conversation.utterances))


def label_list(context: PromptContext) -> str:
    """The labels as they are written, separated by commas."""
    return ", ".join(context.answers)


def shown_example(example: LabelledText, context: PromptContext, max_words: int = SHOWN_WORDS) -> str:
    """A labelled text as ``"text" (label)``, or the text alone; longer ones are cut."""
    text = quoted(example.text, max_words)
    return text if example.label is None else f"{text} ({context.word(example.label)})"


def example_lines(
    heading: str, examples: Sequence[LabelledText], context: PromptContext, max_words: int = SHOWN_WORDS
) -> str:
    """A line with a heading and examples, or nothing where there are none."""
    if not examples:
        return ""
    return f"{heading}: {'; '.join(shown_example(example, context, max_words) for example in examples)}\n"
