"""The whole prompt of every question as plain text, for servers that have a tokenizer of their own."""

from __future__ import annotations

from erckit.causal.prompt_segments import Room, fitted, plan_prompt
from erckit.prompting.engines.request import CHARACTERS_PER_TOKEN, estimated_tokens
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt


def separate_texts(prompt: ConversationPrompt, room: Room | None = None) -> list[str]:
    """One text per question, in the prompt's order of questions.

    A conversation that is too long is cut by the same rule as where a model reads tokens (``plan_prompt``); tokens are
    estimated from characters here.

    Args:
        prompt: Of one conversation.
        room: Longest prompt, and how much is carried over a cut.

    Raises:
        SettingError: The opening alone leaves no room.
    """
    room = room or Room()
    opening = estimated_tokens(prompt.opening)
    longest = int(max(1, room.max_tokens - opening) * CHARACTERS_PER_TOKEN)
    blocks = [fitted(block, longest) for block in prompt.blocks]
    texts = [""] * len(prompt.questions)
    for segment in plan_prompt(opening, [estimated_tokens(block) for block in blocks], room):
        for q, question in enumerate(prompt.questions):
            # A question belongs where the last block it sees is read; one that sees none, to the first segment.
            if segment.read < question.sees <= segment.end or (question.sees == 0 and segment.read == 0):
                shown = blocks[segment.first : question.sees]
                texts[q] = f"{prompt.opening}{''.join(shown)}{question.text}"
    return texts
