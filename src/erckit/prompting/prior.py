"""What a model answers when there is nothing to answer about: the label prior that contextual calibration removes.

Source: Zhao et al. 2021, "Calibrate Before Use", sections 4 and 5: the content-free inputs and the mean of their
distributions; dividing by that mean is here a subtraction of logarithms.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from erckit.encoding.causal_lm import CausalLM
from erckit.encoding.prompt_segments import Room
from erckit.prompting.conversation_prompt import ConversationPrompt, Question
from erckit.prompting.label_likelihood import score_prompts
from erckit.prompting.tokenize_prompt import LabelTokens

CONTENT_FREE = ("N/A", "", "[MASK]")


def label_prior(
    lm: CausalLM,
    prompts: Sequence[ConversationPrompt],
    labels: LabelTokens | Sequence[str],
    room: Room | None = None,
    *,
    block: str = 'Speaker: "{}"\n',
    texts: Sequence[str] = CONTENT_FREE,
    batch_tokens: int = 4096,
) -> np.ndarray:
    """Log-probability of each label for every question, asked about a conversation that says nothing.

    The opening stays, demonstrations included; all blocks give way to one that holds a content-free text. Questions
    that are then the same are asked once.

    Args:
        lm: The model.
        prompts: One for each conversation.
        labels: Words, or as ``label_tokens`` gives them.
        room: How long conversations are cut.
        block: How the prompt style writes an utterance, ``{}`` standing for its text.
        texts: The content-free texts.
        batch_tokens: Tokens of a batch.

    Returns:
        Natural logarithms of the mean distribution over ``texts``, (R, L) float32; take it from the scores.
    """
    asked: dict[str, dict[str, int]] = {}  # opening -> question -> its place
    for prompt in prompts:
        for question in prompt.questions:
            own = asked.setdefault(prompt.opening, {})
            own.setdefault(_text(question), len(own))
    empty = [
        ConversationPrompt(
            opening, (block.replace("{}", text),), tuple(Question(1, question) for question in questions)
        )
        for opening, questions in asked.items()
        for text in texts
    ]
    probabilities = _softmax(score_prompts(lm, empty, labels, room, batch_tokens=batch_tokens))
    priors: dict[str, np.ndarray] = {}
    start = 0
    for opening, questions in asked.items():
        end = start + len(texts) * len(questions)
        own_rows = probabilities[start:end].reshape(len(texts), len(questions), -1)
        priors[opening] = np.log(np.maximum(own_rows.mean(axis=0), np.finfo(np.float32).tiny))
        start = end
    rows = [priors[prompt.opening][asked[prompt.opening][_text(q)]] for prompt in prompts for q in prompt.questions]
    return np.array(rows, dtype=np.float32).reshape(len(rows), probabilities.shape[1])


def without_prior(scores: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Label probabilities with the prior divided out.

    Args:
        scores: Log-likelihoods of ``score_prompts``, (R, L).
        prior: Log-probabilities of :func:`label_prior`, (R, L) or (L,).

    Returns:
        Probabilities, (R, L), each row summing to 1.
    """
    return _softmax(scores - prior)


def _text(question: Question) -> str:
    return question.text if question.content_free is None else question.content_free


def _softmax(scores: np.ndarray) -> np.ndarray:
    if scores.size == 0:
        return scores
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
