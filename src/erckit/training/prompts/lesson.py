"""What an LLM system learns from one conversation: tokenised questions with their right answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from erckit.causal.prompt_packing import TokenizedPrompt, prompt_pieces
from erckit.causal.prompt_segments import Room
from erckit.prompting.scoring.label_likelihood import prompt_batches


@dataclass(frozen=True, slots=True)
class Lesson:
    """Questions of some prompts, R in all.

    Args:
        prompts: Tokenised.
        gold: Place of the right answer among each question's answers, ``NO_LABEL`` for none, (R,).
        factors: Weight of each question's loss, (R,).
        is_written: Whether the likelihood of the only answer is learnt, instead of a choice between answers, (R,).
        rows: Utterance row that a question asks the label of, -1 where it asks for something else, (R,).
    """

    prompts: tuple[TokenizedPrompt, ...]
    gold: tuple[int, ...]
    factors: tuple[float, ...]
    is_written: tuple[bool, ...]
    rows: tuple[int, ...]

    @property
    def tokens(self) -> int:
        """Tokens of all prompts; a long conversation is read with left context besides."""
        return sum(prompt_tokens(prompt) for prompt in self.prompts)

    def joined(self, other: Lesson) -> Lesson:
        """Both; where both consist of one prompt with the same beginning, it is read once."""
        if len(self.prompts) == len(other.prompts) == 1:
            (mine,), (theirs,) = self.prompts, other.prompts
            if (mine.opening, mine.blocks) == (theirs.opening, theirs.blocks):
                prompts = (TokenizedPrompt(mine.opening, mine.blocks, mine.questions + theirs.questions),)
                return Lesson(prompts, *self._columns(other))
        return Lesson(self.prompts + other.prompts, *self._columns(other))

    def _columns(self, other: Lesson) -> tuple[tuple[int, ...], tuple[float, ...], tuple[bool, ...], tuple[int, ...]]:
        return (
            self.gold + other.gold,
            self.factors + other.factors,
            self.is_written + other.is_written,
            self.rows + other.rows,
        )


NOTHING = Lesson((), (), (), (), ())


def prompt_tokens(prompt: TokenizedPrompt) -> int:
    """Tokens of a prompt with all its questions and answers."""
    shared = len(prompt.opening) + sum(len(block) for block in prompt.blocks)
    asked = sum(len(q.tokens) + sum(len(answer) - 1 for answer in q.answers) for q in prompt.questions)
    return shared + asked


def join_lessons(lessons: Sequence[Lesson]) -> Lesson:
    """Lessons of several conversations as one."""
    return Lesson(
        tuple(prompt for one in lessons for prompt in one.prompts),
        tuple(value for one in lessons for value in one.gold),
        tuple(value for one in lessons for value in one.factors),
        tuple(value for one in lessons for value in one.is_written),
        tuple(value for one in lessons for value in one.rows),
    )


def lesson_parts(lesson: Lesson, room: Room, tokens: int) -> list[Lesson]:
    """A lesson in parts that are read one after the other, so that a long conversation needs no more memory.

    The losses of the parts add up to that of the lesson, and so do their gradients.

    Args:
        lesson: Of one conversation or of several.
        room: How long conversations are cut.
        tokens: Most tokens of a part, padding included, unless one piece of a conversation alone has more. An ordinary
            batch, which has up to twice as many with its padding, is not cut.

    Returns:
        At least one part.
    """
    pieces = prompt_pieces(lesson.prompts, room)
    longest = max((prompt_tokens(piece.prompt) for piece in pieces), default=0)
    if len(pieces) * longest <= 2 * tokens:
        return [lesson]
    parts = []
    for chosen in prompt_batches([piece.prompt for piece in pieces], tokens):
        rows = [row for i in chosen for row in pieces[i].rows]
        parts.append(
            Lesson(
                tuple(pieces[i].prompt for i in chosen),
                tuple(lesson.gold[row] for row in rows),
                tuple(lesson.factors[row] for row in rows),
                tuple(lesson.is_written[row] for row in rows),
                tuple(lesson.rows[row] for row in rows),
            )
        )
    return parts


def lesson_loss(scores: Tensor, lesson: Lesson, smoothing: float = 0.0, barred: Tensor | None = None) -> Tensor:
    """Sum over questions of factor x loss; questions without a right answer add nothing.

    A sum, not a mean: the caller divides by the labelled utterances of the whole optimiser step, so that a batch of N
    gives the gradient of N batches of one.

    Args:
        scores: Log-likelihood of each answer, minus infinity where there is none, (R, L).
        lesson: The questions.
        smoothing: Share of the target that is spread over the answers of a choice, in [0, 1).
        barred: Answers that take no part, neither in the choice nor in what is spread, (R, L) booleans; None for none.

    Returns:
        A scalar.
    """
    device = scores.device
    if barred is not None:
        scores = scores.masked_fill(barred.to(device), -torch.inf)
    gold = torch.tensor(lesson.gold, device=device)
    factors = torch.tensor(lesson.factors, device=device)
    written = torch.tensor(lesson.is_written, device=device)
    known = gold >= 0
    scores, gold, factors, written = scores[known], gold[known], factors[known], written[known]
    chosen = scores.log_softmax(1)  # (R, L)
    losses = -chosen.gather(1, gold[:, None])[:, 0]  # (R,)
    if smoothing:
        exists = torch.isfinite(scores)
        spread = -chosen.masked_fill(~exists, 0).sum(1) / exists.sum(1)  # (R,)
        losses = (1 - smoothing) * losses + smoothing * spread
    losses = torch.where(written, -scores[:, 0], losses)
    return (factors * losses).sum()
