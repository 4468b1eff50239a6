"""An extra training task of a prompt style: what is asked and what the right answers are."""

from __future__ import annotations

from dataclasses import dataclass

from erckit.prompting.prompt.conversation_prompt import ConversationPrompt

NO_GOLD = -100  # what cross-entropy ignores


@dataclass(frozen=True, slots=True)
class Task:
    """Prompts of one conversation with their right answers.

    Args:
        name: Of the task, such as ``"speaker_identification"``.
        prompts: With one or more questions; may be empty where there is nothing to learn.
        gold: Per question, in order over all prompts: the place of the right answer among the question's answers, or
            in the label set where the question has none of its own; ``NO_GOLD`` where there is none.
        how: ``choose`` (scores over the answers) or ``write`` (the likelihood of the only answer).
    """

    name: str
    prompts: tuple[ConversationPrompt, ...]
    gold: tuple[int, ...]
    how: str = "choose"
