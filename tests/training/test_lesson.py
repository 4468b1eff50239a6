"""The loss of a lesson against a loop over its questions."""

from __future__ import annotations

import math

import pytest
import torch

from erckit.encoding.prompt_packing import TokenizedPrompt, TokenizedQuestion
from erckit.training.lesson import Lesson, join_lessons, lesson_loss


def by_hand(scores: list[list[float]], lesson: Lesson, smoothing: float) -> float:
    total = 0.0
    for row, gold, factor, written in zip(scores, lesson.gold, lesson.factors, lesson.is_written, strict=True):
        if gold < 0:
            continue
        if written:
            total += factor * -row[0]
            continue
        there = [value for value in row if value > -math.inf]
        norm = math.log(sum(math.exp(value) for value in there))
        chosen = [value - norm for value in there]
        total += factor * -((1 - smoothing) * chosen[gold] + smoothing * sum(chosen) / len(chosen))
    return total


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_and_gradient(smoothing: float) -> None:
    gone = -math.inf
    scores = [[-1.0, -2.0, -0.5], [-3.0, -1.0, gone], [-2.0, gone, gone], [-1.0, -1.5, -2.5]]
    lesson = Lesson((), (2, 0, 0, -100), (0.5, 2.0, 0.1, 1.0), (False, False, True, False), (0, -1, -1, 3))
    tensor = torch.tensor(scores, requires_grad=True)
    loss = lesson_loss(tensor, lesson, smoothing)
    loss.backward()
    assert loss.item() == pytest.approx(by_hand(scores, lesson, smoothing), rel=1e-5)
    assert tensor.grad is not None
    assert torch.isfinite(tensor.grad).all()
    assert not tensor.grad[3].any()


def test_prompts_with_the_same_beginning_are_read_once() -> None:
    ask = TokenizedQuestion(1, (7, 8), ((1,), (2,)))
    also = TokenizedQuestion(1, (9,), ((3,),))
    one = Lesson((TokenizedPrompt((5,), ((6,),), (ask,)),), (1,), (1.0,), (False,), (0,))
    same = Lesson((TokenizedPrompt((5,), ((6,),), (also,)),), (0,), (0.1,), (True,), (-1,))
    other = Lesson((TokenizedPrompt((4,), ((6,),), (also,)),), (0,), (0.1,), (True,), (-1,))
    joined = one.joined(same)
    assert joined.prompts == (TokenizedPrompt((5,), ((6,),), (ask, also)),)
    assert (joined.gold, joined.factors, joined.is_written, joined.rows) == (
        (1, 0),
        (1.0, 0.1),
        (False, True),
        (0, -1),
    )
    assert len(one.joined(other).prompts) == 2
    assert one.joined(other).tokens == one.tokens + other.tokens > joined.tokens
    assert join_lessons([one, other]).gold == (1, 0)
