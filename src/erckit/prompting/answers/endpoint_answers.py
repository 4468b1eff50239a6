"""Answers of a server that speaks the OpenAI protocol."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from erckit.causal.prompt_segments import Room, fitted, plan_prompt
from erckit.prompting.engines.answer_cache import AnnotationCache
from erckit.prompting.engines.budget import Budget
from erckit.prompting.engines.engine import Engine
from erckit.prompting.engines.request import CHARACTERS_PER_TOKEN, Request, estimated_tokens
from erckit.prompting.engines.write_all import write_all
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


_KIND = "emotion/1"


class EndpointAnswers:
    """Asks a server about every utterance; every answer is kept at once, and asked for only once.

    An answer that is empty is asked for again, warmer; one that stays empty is kept as such. What an answer says is
    not looked at here: one that names no label is no reason to ask again, or the tries would choose the labels.

    Args:
        engine: Who answers.
        cache: Where answers are looked for and kept.
        budget: What may be spent.
        room: Longest prompt, in tokens estimated from characters.
        max_tokens: Longest answer.
        sleep: Waits some seconds before a further try.
    """

    def __init__(
        self,
        engine: Engine,
        cache: AnnotationCache,
        budget: Budget,
        room: Room,
        max_tokens: int = 16,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._engine, self._cache, self._budget, self._room = engine, cache, budget, room
        self._max_tokens, self._sleep = max_tokens, sleep

    @property
    def name(self) -> str:
        """The model's name on the server."""
        return self._engine.title

    @property
    def tokens(self) -> int:
        """Tokens of new answers and their prompts, as the server counts them; answers kept before cost none."""
        return self._budget.tokens

    @property
    def parameters(self) -> int | None:
        """Not told by servers."""
        return None

    def answer(self, prompts: Sequence[ConversationPrompt], advance: Callable[[int], None] | None = None) -> list[str]:
        """See :class:`erckit.prompting.answers.answerer.Answerer`."""
        requests = [
            Request(_KIND, "", text, self._max_tokens, str.strip, otherwise="")
            for prompt in prompts
            for text in separate_texts(prompt, self._room)
        ]
        return write_all(requests, self._engine, self._cache, self._budget, advance, self._sleep)
