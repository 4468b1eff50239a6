"""Who answers prompts with words: a causal LM on this machine, or a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from erckit.prompting.prompt.conversation_prompt import ConversationPrompt


class Answerer(Protocol):
    """Writes an answer to every question of prompts."""

    @property
    def name(self) -> str:
        """Which model it is."""
        ...

    @property
    def tokens(self) -> int:
        """Tokens read and written so far, as far as they are counted."""
        ...

    @property
    def parameters(self) -> int | None:
        """Parameters of the model; None where nobody says."""
        ...

    def answer(self, prompts: Sequence[ConversationPrompt], advance: Callable[[int], None] | None = None) -> list[str]:
        """One text per question, prompt by prompt.

        Args:
            prompts: Each question is asked in a prompt of its own, the published way.
            advance: Called with the number of questions answered since.

        Raises:
            AnnotationError: A server does not answer, or a budget is spent; what was answered is kept.
            SettingError: A prompt does not fit.
        """
        ...
