"""EmoNet on a language model: the conversation, who speaks, and what that person felt lately."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from erckit.errors import SettingError
from erckit.prompting.prompt.biography_lines import PLACES, about_line, blocks_with_biographies
from erckit.prompting.prompt.prompt_context import LabelledText, PromptContext
from erckit.prompting.prompt.prompt_style import PromptStyle, Shown, StyleSettings, example_lines, label_list
from erckit.read_when import only, read_when, unless
from erckit.settings import choose

_WITH_BIOGRAPHY = read_when(only("style.biography", True))


@dataclass(frozen=True, slots=True)
class EmonetLlmSettings(StyleSettings):
    """Settings of EmoNet's prompt; every part can be switched off.

    Args:
        biography: Whether the speaker's biography is shown.
        biography_words: Words of it that are shown.
        biography_place: ``question``, or ``history``: before the first utterance that a version belongs to, which costs
            its tokens once instead of once per utterance.
        biography_sentences: Sentences of it that are shown, those most like the target; 0 shows the beginning of the
            whole. It goes with ``biography_place: question``.
        recent: The speaker's latest utterances shown with their emotions, at most; 0 shows none.
        recent_texts: Whether their texts are shown even where they stand in the history above. Those that do not, such
            as what was said in earlier conversations, always have their text.
        related: The speaker's earlier utterances most like the target shown with their emotions, at most; 0 shows none.
    """

    biography: bool = True
    biography_words: int = field(default=60, metadata=_WITH_BIOGRAPHY)
    biography_place: str = field(default="question", metadata=_WITH_BIOGRAPHY)
    biography_sentences: int = 0
    recent: int = 3
    recent_texts: bool = field(default=False, metadata=read_when(unless("style.recent", 0)))
    related: int = 1

    def __post_init__(self) -> None:
        StyleSettings.__post_init__(self)
        choose(self.biography_place, PLACES, "style.biography_place")
        if min(self.recent, self.related, self.biography_sentences) < 0 or self.biography_words < 1:
            raise SettingError(
                "'style.recent', 'style.related' and 'style.biography_sentences' must be at least 0, "
                "'style.biography_words' at least 1."
            )
        if self.layout != "shared":
            raise SettingError("'style.layout' of emonet_llm can only be shared: nothing is published to follow.")
        if self.biography_place == "history" and self.history != "all":
            raise SettingError("'style.biography_place: history' goes with 'history: all'. Set it to question.")
        if self.biography_sentences and not self.biography:
            raise SettingError("'style.biography_sentences' goes with 'style.biography: true'. Leave it out.")
        if self.biography_sentences and self.biography_place != "question":
            raise SettingError(
                "'style.biography_sentences' chooses for every question anew. Set style.biography_place to question."
            )


class EmonetLlm(PromptStyle):
    """Prompt of the modernised EmoNet: history, biography, the speaker's recent and related utterances with emotions.

    Emotions of earlier utterances are gold labels in training and a model's own predictions afterwards; whoever fills
    :class:`PromptContext` decides. They may only be of utterances before the target.

    Source: the outlook of the EmoNet thesis (2024): a language model with LoRA, a speaker biography retrieved from a
    vector store, the speaker's recent emotional history as examples, and the weighted loss. There is no published
    prompt, and no published figure.

    What is retrieved: a speaker has one biography, and its version at the utterance is found by the speaker (in the
    vector store, with a speaker memory); ``biography_sentences`` shows those of its sentences that are most like the
    target. ``related`` are the speaker's earlier utterances most like it: from the vector store with a speaker memory,
    however long ago; without one in process, among the speaker's latest 200 utterances at hand.

    Deviations: the emotional history is text in the question, where the thesis' published model has a GRU over vectors.
    Speakers are names in text, so there is no learnt identity. The loss is over the likelihoods of all labels, weighted
    per utterance.
    """

    name = "emonet_llm"
    settings_class: ClassVar[type[StyleSettings]] = EmonetLlmSettings

    @property
    def needs(self) -> frozenset[str]:
        """The parts that are switched on."""
        parts = {
            "biographies": self.settings.biography,
            "recent": self.settings.recent,
            "related": self.settings.related,
        }
        return frozenset(name for name, is_on in parts.items() if is_on)

    def _blocks(self, shown: Shown, context: PromptContext) -> tuple[str, ...]:
        blocks = super()._blocks(shown, context)
        if not self.settings.biography or self.settings.biography_place != "history":
            return blocks
        return blocks_with_biographies(shown, blocks, context.biographies, self.settings.biography_words)

    def _opening(self, shown: Shown, context: PromptContext, t: int | None) -> str:
        examples = example_lines("Examples", context.examples, context)
        return (
            f"You tell what people feel in a conversation.\nEmotions: {label_list(context)}.\n{examples}Conversation:\n"
        )

    def _question(self, shown: Shown, context: PromptContext, t: int) -> str:
        settings, name = self.settings, shown.names[t]
        about = ""
        if settings.biography and settings.biography_place == "question":
            about = about_line(shown, context.biographies, t, settings.biography_words)
        related = list(context.related[t][: settings.related]) if context.related else []
        recent = list(context.recent[t][-settings.recent :]) if context.recent and settings.recent else []
        above = [one for one in recent if self._stands_above(one, t)]
        like = example_lines(f"Once {name} said", related, context)
        lately = example_lines(f"Lately {name} said", [one for one in recent if one not in above], context)
        felt = ", ".join(context.word(one.label) for one in above if one.label is not None)
        lately += f"Lately {name} felt: {felt}\n" if felt else ""
        return f"{about}{like}{lately}{self._asks(name)}"

    def _stands_above(self, said: LabelledText, t: int) -> bool:
        """Whether the prompt of utterance ``t`` leaves a recent text out, as it has it in its history."""
        settings = self.settings
        if settings.recent_texts or said.place is None:
            return False
        return bool(settings.history == "all" or (settings.history == "window" and t - said.place <= settings.window))
