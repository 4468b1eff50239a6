"""Prompts as token ids: pieces that join, the model's frame, one token or the whole word for a label."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from erckit.causal.causal_lm import CausalLM
from erckit.errors import SettingError
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt, Question
from erckit.prompting.scoring.tokenize_prompt import label_tokens, tokenize_prompt

PROMPT = ConversationPrompt(
    "feel <|end|>\n", ("Ana: red\n", "Ben: dog\n"), (Question(2, "how:"), Question(1, "how:\n"))
)


def _read(lm: CausalLM, tokens: tuple[int, ...]) -> str:
    return str(lm.tokenizer.decode(tokens))


def test_pieces_join_to_the_separate_prompt(tiny_causal_lm: Callable[[str], CausalLM]) -> None:
    lm = tiny_causal_lm("qwen2")
    tokenized = tokenize_prompt(lm, PROMPT, label_tokens(lm, ("Happy", "Sad")))
    joined = _read(lm, tokenized.opening + sum(tokenized.blocks, ()) + tokenized.questions[0].tokens)
    assert joined == PROMPT.separate(PROMPT.questions[0]) == "feel <|end|>\nAna: red\nBen: dog\nhow:"


def test_chat_frame_goes_around_opening_and_question(tiny_causal_lm: Callable[[str], CausalLM]) -> None:
    lm = tiny_causal_lm("llama")
    tokenized = tokenize_prompt(lm, PROMPT, label_tokens(lm, ("Happy", "Sad"), "full"))
    assert _read(lm, tokenized.opening) == "<|start|>user\nfeel <|end|>\n"
    assert tokenized.opening.count(lm.stop_tokens[0]) == 0  # the one in the text is letters
    assert _read(lm, tokenized.questions[0].tokens) == "how:<|end|>\n<|start|>assistant\n"
    assert [_read(lm, answer) for answer in tokenized.questions[0].answers] == ["happy", "sad"]


def test_space_before_an_answer(tiny_causal_lm: Callable[[str], CausalLM]) -> None:
    lm = tiny_causal_lm("qwen2")
    first, second = tokenize_prompt(lm, PROMPT, label_tokens(lm, ("Happy", "Sad"), "full", stop=True)).questions
    assert [_read(lm, answer) for answer in first.answers] == [" happy<|end|>", " sad<|end|>"]
    assert [_read(lm, answer) for answer in second.answers] == ["happy<|end|>", "sad<|end|>"]


def test_label_forms(tiny_causal_lm: Callable[[str], CausalLM]) -> None:
    lm = tiny_causal_lm("qwen2")
    assert label_tokens(lm, ("Happy", "Sad", "Angry")).form == "first"
    same = ("sad day", "sad night")
    assert label_tokens(lm, same).form == "full"
    with pytest.raises(SettingError, match="begin with the same token"):
        label_tokens(lm, same, "first")
    with pytest.raises(SettingError, match="Did you mean 'first'"):
        label_tokens(lm, same, "frist")
    with pytest.raises(SettingError, match="1 words for 2 labels"):
        label_tokens(lm, same, words=("x",))
    words = label_tokens(lm, ("Joyful", "Sad"), words=("great", "bad"))
    answers = tokenize_prompt(lm, PROMPT, words).questions[0].answers
    assert [len(answer) for answer in answers] == [1, 1]


def test_questions_that_cannot_be(tiny_causal_lm: Callable[[str], CausalLM]) -> None:
    with pytest.raises(SettingError, match="sees 3 blocks, but the prompt has 2"):
        ConversationPrompt("", ("a", "b"), (Question(3, "how:"),))
    with pytest.raises(SettingError, match="has no text"):
        tokenize_prompt(tiny_causal_lm("qwen2"), ConversationPrompt("", (), (Question(0, ""),)))
