"""What a model answers when there is nothing to answer about: the label prior that contextual calibration removes.

Source: Zhao et al. 2021, "Calibrate Before Use", sections 4 and 5: the content-free inputs and the mean of their
distributions; dividing by that mean is here a subtraction of logarithms.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from erckit.causal.causal_lm import CausalLM
from erckit.causal.prompt_segments import Room
from erckit.prompting.prompt.conversation_prompt import CONTENT, ContentFree, ConversationPrompt, Question
from erckit.prompting.scoring.label_likelihood import score_prompts
from erckit.prompting.scoring.tokenize_prompt import LabelTokens

CONTENT_FREE = ("N/A", "", "[MASK]")


def label_prior(
    lm: CausalLM,
    prompts: Sequence[ConversationPrompt],
    labels: LabelTokens | Sequence[str],
    room: Room | None = None,
    *,
    texts: Sequence[str] = CONTENT_FREE,
    batch_tokens: int = 4096,
) -> np.ndarray:
    """Log-probability of each label for every question, asked about a conversation that says nothing.

    The content-free prompt is the real one with its content replaced: the same opening, few-shot examples included, one
    utterance in place of all, its text content-free wherever the style shows it, and the same question. What belongs to
    one utterance alone (its speaker's name, a biography, a retrieved demonstration) is content, and left out. Questions
    that are then the same are asked once.

    Args:
        lm: The model.
        prompts: One for each conversation.
        labels: Words, or as ``label_tokens`` gives them.
        room: How long conversations are cut.
        texts: The content-free texts.
        batch_tokens: Tokens of a batch.

    Returns:
        Natural logarithms of the mean distribution over ``texts``, (R, L) float32; take it from the scores.
    """
    free = [_content_free(prompt, question) for prompt in prompts for question in prompt.questions]
    place = {one: i for i, one in enumerate(dict.fromkeys(free))}
    empty = [_filled(one, text) for one in place for text in texts]
    probabilities = _softmax(score_prompts(lm, empty, labels, room, batch_tokens=batch_tokens))
    means = probabilities.reshape(len(place), len(texts), -1 if place else probabilities.shape[1]).mean(axis=1)
    prior = np.log(np.maximum(means, np.finfo(np.float32).tiny)).astype(np.float32)
    return prior[[place[one] for one in free]]


def _content_free(prompt: ConversationPrompt, question: Question) -> ContentFree:
    if question.content_free is not None:
        return question.content_free
    return ContentFree(prompt.opening, f'Speaker: "{CONTENT}"\n', question.text)


def _filled(free: ContentFree, text: str) -> ConversationPrompt:
    block, question = (part.replace(CONTENT, text) for part in (free.block, free.text))
    return ConversationPrompt(free.opening, (block,), (Question(1, question),))


def _softmax(scores: np.ndarray) -> np.ndarray:
    if scores.size == 0:
        return scores
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
