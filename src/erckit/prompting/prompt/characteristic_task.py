"""The first stage of LaERC-S and CKERC: learn to say what an utterance gives away about the people in it."""

from __future__ import annotations

from collections.abc import Sequence

from erckit.prompting.annotation.elements import element_question
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt, Question
from erckit.prompting.prompt.prompt_context import PromptContext
from erckit.prompting.prompt.prompt_style import Shown
from erckit.prompting.prompt.quoted import plain_text
from erckit.prompting.prompt.task import Task

ANSWER_WORDS = 20  # a characteristic is asked for in ten; a writer that cannot count gets some room


def characteristic_task(
    name: str, shown: Shown, blocks: Sequence[str], context: PromptContext, elements: Sequence[str], before: int
) -> Task:
    """Questions for the elements of every utterance that has an annotation.

    Args:
        name: Of the task.
        shown: The conversation.
        blocks: Its blocks, one per utterance.
        context: Holds the characteristics, which are the answers to learn.
        elements: Which are asked for.
        before: Utterances before the target that are shown; -1 shows all, in one prompt.
    """
    opening = "You tell what lies behind a line of a conversation, in at most ten words.\nConversation:\n"
    asked: list[tuple[int, Question]] = []
    for t, known in enumerate(context.characteristics):
        for element in elements:
            answer = plain_text(known.get(element, ""), ANSWER_WORDS)
            if answer:
                asked.append((t, Question(t + 1, element_question(element, shown.names[t]), (answer,))))
    gold = (0,) * len(asked)
    if not asked:
        return Task(name, (), (), "write")
    if before < 0:
        return Task(name, (ConversationPrompt(opening, tuple(blocks), tuple(q for _, q in asked)),), gold, "write")
    prompts = []
    for t, question in asked:
        seen = tuple(blocks[max(0, t - before) : t + 1])
        prompts.append(ConversationPrompt(opening, seen, (Question(len(seen), question.text, question.answers),)))
    return Task(name, tuple(prompts), gold, "write")
