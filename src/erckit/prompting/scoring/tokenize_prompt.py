"""Prompts and label words as token ids of one model, with the frame that model wants around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from erckit.causal.causal_lm import CausalLM
from erckit.causal.prompt_packing import TokenizedPrompt, TokenizedQuestion
from erckit.errors import SettingError, nearest
from erckit.prompting.context.context_settings import LABEL_FORMS
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt


@dataclass(frozen=True, slots=True)
class LabelTokens:
    """The answers a run chooses from.

    Args:
        labels: Their words, in the order of the label set.
        form: ``first`` where one token stands for each label, ``full`` where its whole text is scored.
        stop: Whether the end of the answer is part of it.
    """

    labels: tuple[str, ...]
    form: str
    stop: bool = False


def label_tokens(
    lm: CausalLM, labels: Sequence[str], form: str = "auto", stop: bool = False, words: Sequence[str] | None = None
) -> LabelTokens:
    """How a label set is scored by a model.

    Args:
        lm: The model; its tokenizer decides.
        labels: The label set, in order.
        form: ``first`` scores the first token of each label's word (a one-token verbaliser), ``full`` the whole word,
            length-normalised; ``auto`` is ``first`` where all first tokens differ, else ``full``.
        stop: Whether the token that ends an answer is scored too (``full`` only), as published fine-tuning does.
        words: What stands for each label in the answer, where that is not the label in lower case.

    Raises:
        SettingError: An unknown form, or ``first`` where two labels begin with the same token.
    """
    if form not in LABEL_FORMS:
        raise SettingError(f"unknown label form '{form}'. {nearest(form, LABEL_FORMS)}")
    words = tuple(words) if words is not None else tuple(label.lower() for label in labels)
    if len(words) != len(labels):
        raise SettingError(f"{len(words)} words for {len(labels)} labels. Give one for each.")
    # With and without the space in front: which of the two is used depends on the text before.
    firsts = [[_answer(lm, word, spaced)[0] for word in words] for spaced in (False, True)]
    distinct = all(len(set(tokens)) == len(tokens) for tokens in firsts)
    if form == "first" and not distinct:
        raise SettingError(
            f"labels {', '.join(words)}: two of them begin with the same token of {lm.name}. Use the label form "
            "'full', or give words that begin differently."
        )
    chosen = "first" if form != "full" and distinct and not stop else "full"
    return LabelTokens(words, chosen, stop)


def tokenize_prompt(lm: CausalLM, prompt: ConversationPrompt, labels: LabelTokens | None = None) -> TokenizedPrompt:
    """A prompt as token ids.

    Pieces are tokenised one by one, so that the shared beginning has the same tokens whoever asks. The model's frame
    goes around them: its beginning before the opening, its end after each question.

    Args:
        lm: The model.
        prompt: The prompt, plain text.
        labels: Answers of the questions that have none of their own.

    Raises:
        SettingError: A question without answers or text, where the model has no chat template.
    """
    seen: dict[tuple[str, bool], tuple[tuple[int, ...], ...]] = {}
    questions = []
    for question in prompt.questions:
        tokens = lm.text_tokens(question.text) + lm.frame.end
        if not tokens:
            raise SettingError("a question has no text. Write what is asked, such as 'Emotion:'.")
        spaced = not lm.frame.is_chat and not question.text[-1:].isspace()
        answers: tuple[tuple[int, ...], ...] = ()
        if question.answers:
            answers = tuple(_whole(lm, word, spaced, stop=labels is None or labels.stop) for word in question.answers)
        elif labels is not None:
            key = ("", spaced)
            if key not in seen:
                whole = [_whole(lm, word, spaced, labels.stop) for word in labels.labels]
                seen[key] = tuple(tokens[:1] if labels.form == "first" else tokens for tokens in whole)
            answers = seen[key]
        questions.append(TokenizedQuestion(question.sees, tokens, answers))
    return TokenizedPrompt(
        lm.frame.begin + lm.text_tokens(prompt.opening),
        tuple(lm.text_tokens(block) for block in prompt.blocks),
        tuple(questions),
    )


def _answer(lm: CausalLM, word: str, spaced: bool) -> tuple[int, ...]:
    tokens = lm.text_tokens(f" {word}" if spaced else word)
    if not tokens:
        raise SettingError("an answer has no text. Give every label a word.")
    return tokens


def _whole(lm: CausalLM, word: str, spaced: bool, stop: bool) -> tuple[int, ...]:
    return _answer(lm, word, spaced) + (lm.stop_tokens[:1] if stop else ())
