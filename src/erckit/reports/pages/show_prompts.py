"""Prompts as text to read: what is shared, where the questions branch off, what a prompt alone looks like."""

from __future__ import annotations

from collections.abc import Sequence

from erckit.conversation import Conversation
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt
from erckit.prompting.prompt.prompt_context import PromptContext
from erckit.prompting.prompt.prompt_style import PromptStyle

_SHOWN = 3  # prompts of one conversation, where every utterance has its own


def show_prompts(style: PromptStyle, conversation: Conversation, context: PromptContext) -> str:
    """All prompts of a conversation; lines of a question begin with ``| ``.

    A prompt that serves the whole conversation is shown once, each question after the last line it sees. Otherwise the
    last prompts are shown, each as the model reads it.
    """
    prompts = style.prompts(conversation, context)
    if style.shares_prefix:
        return branched(prompts[0])
    shown = prompts[-_SHOWN:]
    left = len(prompts) - len(shown)
    return "\n\n".join([*([f"({left} before these)"] if left else []), *(_alone(prompt) for prompt in shown)])


def branched(prompt: ConversationPrompt) -> str:
    """A shared prompt, each question after the last block it sees, marked."""
    parts = [prompt.opening, *_questions(prompt, 0)]
    for place, block in enumerate(prompt.blocks, start=1):
        parts += [block, *_questions(prompt, place)]
    return _joined(parts)


def _questions(prompt: ConversationPrompt, sees: int) -> list[str]:
    found = []
    for question in prompt.questions:
        if question.sees == sees:
            answers = f"   <- {' | '.join(question.answers)}" if question.answers else ""
            marked = "\n".join(f"| {line}" for line in question.text.splitlines())
            found.append(f"\n{marked}{answers}\n")
    return found


def _alone(prompt: ConversationPrompt) -> str:
    return "\n".join(prompt.separate(question) for question in prompt.questions)


def _joined(parts: Sequence[str]) -> str:
    """Parts one after the other; a line break that a part begins with is not doubled."""
    out = ""
    for part in parts:
        out += part[1:] if part.startswith("\n") and (out.endswith("\n") or not out) else part
    return out.rstrip("\n")
