"""The loss of a lesson against a loop over its questions."""

from __future__ import annotations

import math

import pytest
import torch

from erckit.causal.prompt_packing import TokenizedPrompt, TokenizedQuestion
from erckit.causal.prompt_segments import Room
from erckit.training.objectives.objective import weighted_cross_entropy
from erckit.training.prompts.lesson import Lesson, join_lessons, lesson_loss, lesson_parts


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


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_barred_labels_as_where_an_encoder_is_trained(smoothing: float) -> None:
    generator = torch.Generator().manual_seed(1)
    possible = torch.tensor([[True, True, True, False], [True, False, True, False], [True] * 4, [False, True] * 2])
    labels, weights = torch.tensor([0, 2, 3, -100]), torch.tensor([1.0, 0.5, 2.0, 0.7])
    raw = torch.randn(4, 4, generator=generator).requires_grad_()
    factors = tuple(float(weights[y]) if y >= 0 else 0.0 for y in labels)
    lesson = Lesson((), tuple(labels.tolist()), factors, (False,) * 4, (0, 1, 2, 3))
    loss = lesson_loss(raw, lesson, smoothing, ~possible)
    loss.backward()
    other = raw.detach().clone().requires_grad_()
    wanted = weighted_cross_entropy(other, labels, weights, smoothing=smoothing, possible=possible)
    wanted.backward()
    torch.testing.assert_close(loss, wanted)
    torch.testing.assert_close(raw.grad, other.grad)
    assert loss.item() < 10


def test_parts_hold_every_question_once() -> None:
    def prompt(first: int, blocks: int) -> TokenizedPrompt:
        asked = tuple(TokenizedQuestion(t + 1, (first + t,), ((1,), (2,))) for t in range(blocks))
        return TokenizedPrompt((9,), tuple((first + t,) * 5 for t in range(blocks)), asked)

    prompts = (prompt(100, 3), prompt(200, 40), prompt(300, 2))
    count = 45
    lesson = Lesson(
        prompts, tuple(range(count)), tuple(map(float, range(count))), tuple(i % 2 == 0 for i in range(count)),
        tuple(range(1000, 1000 + count)),
    )  # fmt: skip
    room = Room(31, 10)
    assert lesson_parts(lesson, room, 1000) == [lesson]
    parts = lesson_parts(lesson, room, 60)
    assert len(parts) > 3
    named = [question.tokens[0] for p in prompts for question in p.questions]
    found = [
        (question.tokens[0], *columns)
        for part in parts
        for question, *columns in zip(
            [q for p in part.prompts for q in p.questions], part.gold, part.factors, part.is_written, part.rows,
            strict=True,
        )
    ]  # fmt: skip
    assert sorted(found) == sorted(zip(named, lesson.gold, lesson.factors, lesson.is_written, lesson.rows, strict=True))


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
