"""Answers of a server that speaks the OpenAI protocol."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from erckit.causal.prompt_segments import Room
from erckit.prompting.answers.separate_texts import separate_texts
from erckit.prompting.engines.answer_cache import AnnotationCache
from erckit.prompting.engines.budget import Budget
from erckit.prompting.engines.engine import Engine
from erckit.prompting.engines.request import Request
from erckit.prompting.engines.write_all import write_all
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt

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
