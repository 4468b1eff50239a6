"""BiosERC: what is known about the speaker stands beside the conversation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from erckit.errors import SettingError
from erckit.prompting.prompt.biography_lines import PLACES, about_line, blocks_with_biographies
from erckit.prompting.prompt.prompt_context import PromptContext
from erckit.prompting.prompt.prompt_style import PromptStyle, Shown, StyleSettings, example_lines, label_list
from erckit.read_when import read_when, unless
from erckit.settings import choose

BIOGRAPHIES = ("causal", "whole_conversation", "none")
_WITH_BIOGRAPHIES = read_when(unless("style.biographies", "none"))


@dataclass(frozen=True, slots=True)
class BiosErcSettings(StyleSettings):
    """Settings of BiosERC's prompt.

    Args:
        biographies: ``causal`` (written from what the speaker said before the utterance), ``whole_conversation`` (the
            published form, which knows the future) or ``none``. They are written before training and labelling.
        biography_words: Words of a biography that are shown.
        biography_place: ``question``, or ``history``: before the first utterance that a version belongs to, which costs
            its tokens once instead of once per utterance. Only with ``layout: shared``.
        window_after: Utterances after the target that are shown, with ``history: window``; 5 as published, which makes
            the model non-causal.
    """

    biographies: str = "causal"
    biography_words: int = field(default=60, metadata=_WITH_BIOGRAPHIES)
    biography_place: str = field(default="question", metadata=_WITH_BIOGRAPHIES)
    window_after: int = 0

    def __post_init__(self) -> None:
        # Slotted dataclasses are made anew, so super() without arguments does not know its class.
        StyleSettings.__post_init__(self)
        choose(self.biographies, BIOGRAPHIES, "style.biographies")
        choose(self.biography_place, PLACES, "style.biography_place")
        if self.window_after and self.history != "window":
            raise SettingError("'style.window_after' goes with 'style.history: window'. Set both, or neither.")
        if self.window_after < 0 or self.biography_words < 1:
            raise SettingError("'style.window_after' must be 0 or more and 'style.biography_words' 1 or more.")
        if self.biography_place == "history" and (self.layout == "published" or self.history != "all"):
            raise SettingError(
                "'style.biography_place: history' goes with 'layout: shared' and 'history: all'. Set it to question."
            )


class BiosErc(PromptStyle):
    """Prompt of BiosERC: a paragraph about the target's speaker, the conversation around it, the question.

    Source: Xue et al., "BiosERC: Integrating Biography Speakers Supported by LLMs for ERC Tasks" (arXiv 2407.04279),
    §3, and the layout of the authors' prompts.

    Deviations: the wording is erckit's own. Biographies are causal by default and hold over conversations where names
    do; the published ones come from the whole conversation (``biographies: whole_conversation``), and the published
    context is five utterances on both sides (``history: window``, ``window: 5``, ``window_after: 5``). With ``layout:
    shared`` the labels are listed in the opening and the biography, which changes with the speaker, stands in the
    question; ``layout: published`` has the biography in the opening (so every utterance has a prompt of its own), no
    label list, and repeats the target in the question. A biography is shown up to 60 words; the published ones have up
    to 250.
    """

    name = "bios_erc"
    settings_class: ClassVar[type[StyleSettings]] = BiosErcSettings

    @property
    def is_causal(self) -> bool:
        """False where a biography or the window knows what is said later."""
        return self.settings.biographies != "whole_conversation" and self._after() == 0

    @property
    def needs(self) -> frozenset[str]:
        """``biographies``, unless they are switched off."""
        return frozenset({"biographies"} if self.settings.biographies != "none" else ())

    @property
    def shares_prefix(self) -> bool:
        """Only with ``layout: shared``: the published opening belongs to the target's speaker."""
        return self.settings.history == "all" and self.settings.layout == "shared"

    def _after(self) -> int:
        return int(self.settings.window_after)

    def _about(self, shown: Shown, context: PromptContext, t: int) -> str:
        known = context.biographies if self.settings.biographies != "none" else ()
        return about_line(shown, known, t, self.settings.biography_words)

    def _blocks(self, shown: Shown, context: PromptContext) -> tuple[str, ...]:
        blocks = super()._blocks(shown, context)
        if self.settings.biography_place != "history" or self.settings.biographies == "none":
            return blocks
        return blocks_with_biographies(shown, blocks, context.biographies, self.settings.biography_words)

    def _opening(self, shown: Shown, context: PromptContext, t: int | None) -> str:
        examples = example_lines("Examples", context.examples, context)
        if self.settings.layout == "published":
            about = self._about(shown, context, t) if t is not None else ""
            return f"You are an expert on emotions in conversations.\n{about}{examples}Conversation:\n"
        return (
            f"You tell what people feel in a conversation.\nEmotions: {label_list(context)}.\n{examples}Conversation:\n"
        )

    def _question(self, shown: Shown, context: PromptContext, t: int) -> str:
        if self.settings.layout == "published":
            return f"Which emotion has {shown.names[t]} in the utterance {shown.texts[t]}?\nEmotion:"
        about = self._about(shown, context, t) if self.settings.biography_place == "question" else ""
        if self._after():
            return f"{about}Emotion of {shown.names[t]} in {shown.texts[t]}:"
        return f"{about}{self._asks(shown.names[t])}"
