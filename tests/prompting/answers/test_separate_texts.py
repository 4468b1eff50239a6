"""The text of a question's prompt: whole where there is room, cut like token prompts where there is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from erckit.causal.prompt_segments import Room
from erckit.prompting.answers.endpoint_answers import separate_texts
from erckit.prompting.engines.request import estimated_tokens
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt, Question


def _prompt(lengths: list[int], asked: list[int]) -> ConversationPrompt:
    blocks = tuple(f'Ana {i}: "{"x" * length}"\n' for i, length in enumerate(lengths))
    questions = tuple(Question(min(sees, len(blocks)), f" How {q}?") for q, sees in enumerate(asked))
    return ConversationPrompt("Tell the emotion.\n", blocks, questions)


@given(st.lists(st.integers(0, 60), max_size=8), st.lists(st.integers(0, 8), max_size=8))
def test_with_room_it_is_the_separate_prompt(lengths: list[int], asked: list[int]) -> None:
    prompt = _prompt(lengths, asked)
    assert separate_texts(prompt) == [prompt.separate(question) for question in prompt.questions]


@given(st.lists(st.integers(0, 400), min_size=1, max_size=12), st.integers(16, 60))
def test_without_room_it_ends_with_the_target_and_is_short(lengths: list[int], longest: int) -> None:
    prompt = _prompt(lengths, list(range(1, len(lengths) + 1)))
    room = Room(max_tokens=longest, left_context=longest // 2)
    for t, text in enumerate(separate_texts(prompt, room)):
        shown = text.removeprefix(prompt.opening).removesuffix(prompt.questions[t].text)
        assert text == f"{prompt.opening}{shown}{prompt.questions[t].text}"
        assert shown.endswith('"\n')  # quotes are closed, cut or not
        target = prompt.blocks[t]
        assert shown.endswith(target) or (len(target) > len(shown) and target.startswith(shown[:-4]))
        assert estimated_tokens(shown) <= longest + shown.count("\n")  # an estimate counts at least one for each block
