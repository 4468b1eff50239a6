"""The prompts of conversations as one sequence each: a shared beginning, from which questions and answers branch off.

A row of the batch holds the opening and the blocks of a conversation (or of a segment of it), then every question, then
behind each question its answers, all but their last tokens. A question sees the blocks it may see and itself; an
answer sees what its question sees, its question and itself; every token has the position it has in a prompt of its
own. So the scores are those of separate prompts, while each utterance is encoded once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from erckit.causal.prompt_segments import Room, fitted, plan_prompt
from erckit.encoding.segments import Segment
from erckit.errors import SettingError


@dataclass(frozen=True, slots=True)
class TokenizedQuestion:
    """A question as token ids.

    Args:
        sees: Blocks before it.
        tokens: Its tokens, at least one; after the last of them the answer begins.
        answers: Token ids of each answer, at least one token each.
    """

    sees: int
    tokens: tuple[int, ...]
    answers: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class TokenizedPrompt:
    """The prompts of one conversation as token ids; see ``prompting.conversation_prompt``."""

    opening: tuple[int, ...]
    blocks: tuple[tuple[int, ...], ...]
    questions: tuple[TokenizedQuestion, ...]


@dataclass(frozen=True, slots=True)
class PromptPiece:
    """A part of a conversation that is read without the rest.

    Args:
        prompt: The part, with the questions that are asked in it.
        rows: Score row of each question among all questions of all prompts.
    """

    prompt: TokenizedPrompt
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PromptBatch:
    """Prompts ready for a causal language model.

    Args:
        tokens: Token ids, (B, T) int64.
        positions: Position of each token in its own prompt, (B, T) int64.
        limits: How many tokens from the start of its row a token may see, besides its own branch, (B, T) int64.
        branches: Question a token belongs to, 0 for the shared beginning, -1 for padding, (B, T) int64.
        twigs: Answer a token belongs to, 0 for the question itself, (B, T) int64.
        places: Flat places at which the next token is asked for, (M,) int64.
        asked: For each token of each answer, which of ``places`` predicts it, (K,) int64.
        targets: That token, (K,) int64.
        cells: The score it belongs to, row * L + answer, (K,) int64.
        lengths: Tokens of each answer, 0 where a question has fewer, (R, L) int64.
        is_plain: Whether every row is one plain sequence, so that no mask is needed.
        text_tokens: Tokens that are not padding.
    """

    tokens: Tensor
    positions: Tensor
    limits: Tensor
    branches: Tensor
    twigs: Tensor
    places: Tensor
    asked: Tensor
    targets: Tensor
    cells: Tensor
    lengths: Tensor
    is_plain: bool
    text_tokens: int

    @property
    def rows(self) -> int:
        """R, number of questions."""
        return int(self.lengths.shape[0])

    def to(self, device: torch.device | str) -> PromptBatch:
        """The same batch with its tensors on ``device``."""
        names = (
            "tokens", "positions", "limits", "branches", "twigs", "places", "asked", "targets", "cells", "lengths",
        )  # fmt: skip
        return replace(self, **{name: getattr(self, name).to(device, non_blocking=True) for name in names})

    def allowed(self) -> Tensor:
        """Whether a query may attend to a key, (B, T, T) bool; every query finds at least one."""
        order = torch.arange(self.tokens.shape[1], device=self.tokens.device)
        shared = order[None, None, :] < self.limits[:, :, None]
        same = self.branches[:, :, None] == self.branches[:, None, :]
        same &= self.branches[:, :, None] > 0
        trunk = self.twigs[:, None, :] == 0
        same &= trunk | (self.twigs[:, :, None] == self.twigs[:, None, :])
        same &= order[:, None] >= order[None, :]
        return shared | same  # (B, T, T)


def pack_prompts(
    prompts: Sequence[TokenizedPrompt],
    room: Room | None = None,
    *,
    separate: bool = False,
    padding_token: int = 0,
    positions: int | None = None,
) -> PromptBatch:
    """Pack the prompts of conversations into one batch.

    Args:
        prompts: One for each conversation.
        room: How long conversations are cut.
        separate: Give every question a row of its own, and every answer of several tokens too: no branches, no mask.
            The published way, and the reference that one pass is tested against. It follows the same cuts.
        padding_token: Token id of padding.
        positions: The longest prompt the model takes.

    Returns:
        The batch; score rows are numbered conversation by conversation, in the prompt's order of questions.

    Raises:
        SettingError: A prompt does not fit.
    """
    room = room or Room()
    count = sum(len(prompt.questions) for prompt in prompts)
    widest = max((len(q.answers) for prompt in prompts for q in prompt.questions), default=0)
    lengths = np.zeros((count, widest), dtype=np.int64)
    rows: list[_Row] = []
    number = 0
    for prompt in prompts:
        for q, question in enumerate(prompt.questions):
            lengths[number + q, : len(question.answers)] = [len(answer) for answer in question.answers]
        rows.extend(_rows(prompt, number, room, separate))
        number += len(prompt.questions)
    longest = max((row.reach for row in rows), default=0)
    if positions is not None and longest > positions:
        raise SettingError(
            f"a prompt has {longest} tokens with its answer, and the model takes {positions}. "
            "Lower max_tokens or shorten the question."
        )
    return _batch(rows, lengths, padding_token)


def prompt_pieces(prompts: Sequence[TokenizedPrompt], room: Room | None = None) -> list[PromptPiece]:
    """Prompts cut where a long conversation is cut, so that a part of one can be read at a time.

    A piece stands for one row of the batch that ``pack_prompts`` makes of the whole: packed with the same ``room``, it
    is that row. Rows see nothing of each other, so the scores are the same.

    Args:
        prompts: One for each conversation.
        room: How long conversations are cut.

    Returns:
        The pieces in which something is asked, in order.

    Raises:
        SettingError: The opening alone leaves no room.
    """
    room = room or Room()
    pieces: list[PromptPiece] = []
    number = 0
    for prompt in prompts:
        for segment, asked in _asked_in(prompt, room):
            questions = [prompt.questions[q] for q in asked]
            cut = TokenizedPrompt(
                prompt.opening,
                prompt.blocks[segment.first : max(question.sees for question in questions)],
                tuple(replace(question, sees=max(0, question.sees - segment.first)) for question in questions),
            )
            pieces.append(PromptPiece(cut, tuple(number + q for q in asked)))
        number += len(prompt.questions)
    return pieces


def asked_alone(prompts: Sequence[TokenizedPrompt]) -> list[TokenizedPrompt]:
    """Every question as a conversation of its own that ends where the question is asked; same order, same cuts."""
    return [
        replace(prompt, blocks=prompt.blocks[: question.sees], questions=(question,))
        for prompt in prompts
        for question in prompt.questions
    ]


def separate_tokens(prompt: TokenizedPrompt, room: Room | None = None) -> list[tuple[int, ...]]:
    """The whole token sequence of each question's separate prompt, for engines that generate."""
    found: dict[int, tuple[int, ...]] = {}
    answered = replace(prompt, questions=tuple(replace(q, answers=((0,),)) for q in prompt.questions))
    for row in _rows(answered, 0, room or Room(), separate=True):
        found[row.asked[0][2]] = tuple(row.tokens)
    return [found[q] for q in range(len(prompt.questions))]


def padded_length(length: int) -> int:
    """Length rows are padded to: a multiple of 16 up to 512 tokens, of 64 above; few lengths keep memory flat."""
    step = 16 if length <= 512 else 64
    return -(-length // step) * step


class _Row:
    """One sequence of the batch while it is put together."""

    def __init__(self, shared: Sequence[int]) -> None:
        self.tokens = list(shared)
        self.positions = list(range(len(shared)))
        self.limits = list(range(1, len(shared) + 1))
        self.branches = [0] * len(shared)
        self.twigs = [0] * len(shared)
        self.asked: list[tuple[int, int, int, int]] = []  # (place in the row, target, score row, answer)
        self.questions = self.forks = 0
        self.reach = len(shared)

    def ask(self, limit: int, number: int, question: TokenizedQuestion, answers: Sequence[int]) -> None:
        """Add a question that sees ``limit`` shared tokens, and behind it the chosen ones of its answers."""
        self.questions += 1
        end = self._grow(question.tokens, limit, limit, self.questions, 0)
        position = limit + len(question.tokens)
        for a in answers:
            answer = question.answers[a]
            start = len(self.tokens)
            self._grow(answer[:-1], limit, position, self.questions, a + 1)
            self.forks += len(answer) > 1
            places = [end, *range(start, start + len(answer) - 1)]
            self.asked.extend((place, token, number, a) for place, token in zip(places, answer, strict=True))
            self.reach = max(self.reach, position + len(answer))

    def _grow(self, tokens: Sequence[int], limit: int, position: int, branch: int, twig: int) -> int:
        """Add tokens; the place of the last one."""
        self.tokens.extend(tokens)
        self.positions.extend(range(position, position + len(tokens)))
        self.limits.extend([limit] * len(tokens))
        self.branches.extend([branch] * len(tokens))
        self.twigs.extend([twig] * len(tokens))
        return len(self.tokens) - 1


def _rows(prompt: TokenizedPrompt, number: int, room: Room, separate: bool) -> list[_Row]:
    """The rows of one conversation; its questions have the score rows from ``number`` on."""
    budget = room.max_tokens - len(prompt.opening)
    rows: list[_Row] = []
    for segment, asked in _asked_in(prompt, room):
        mine = [(number + q, prompt.questions[q]) for q in asked]
        shared = list(prompt.opening)
        ends = [len(shared)]
        for block in prompt.blocks[segment.first : max(question.sees for _, question in mine)]:
            shared.extend(fitted(block, budget))
            ends.append(len(shared))
        row = _Row(shared)
        for score_row, question in mine:
            limit = ends[max(0, question.sees - segment.first)]
            if not separate:
                row.ask(limit, score_row, question, range(len(question.answers)))
                continue
            short = [a for a, answer in enumerate(question.answers) if len(answer) == 1]
            alone = [[a] for a, answer in enumerate(question.answers) if len(answer) > 1]
            for answers in [short, *alone] if short else alone:
                own = _Row(shared[:limit])
                own.ask(limit, score_row, question, answers)
                rows.append(own)
        if not separate:
            rows.append(row)
    return rows


def _asked_in(prompt: TokenizedPrompt, room: Room) -> Iterator[tuple[Segment, list[int]]]:
    """Segments of a prompt with the questions that are asked in them; those without any are left out."""
    for segment in plan_prompt(len(prompt.opening), [len(block) for block in prompt.blocks], room):
        # A question belongs where the last block it sees is read; one that sees none, to the first segment.
        asked = [
            q
            for q, question in enumerate(prompt.questions)
            if segment.read < question.sees <= segment.end or (question.sees == 0 and segment.read == 0)
        ]
        if asked:
            yield segment, asked


def _batch(rows: Sequence[_Row], lengths: np.ndarray, padding_token: int) -> PromptBatch:
    width = padded_length(max((len(row.tokens) for row in rows), default=1))
    shape = (len(rows), width)
    tokens = np.full(shape, padding_token, dtype=np.int64)
    positions = np.zeros(shape, dtype=np.int64)
    limits = np.ones(shape, dtype=np.int64)  # padding sees the first token: a query must see something
    branches = np.full(shape, -1, dtype=np.int64)
    twigs = np.zeros(shape, dtype=np.int64)
    asked: list[tuple[int, int, int, int]] = []
    for b, row in enumerate(rows):
        size = len(row.tokens)
        for array, values in (
            (tokens, row.tokens), (positions, row.positions), (limits, row.limits), (branches, row.branches),
            (twigs, row.twigs),
        ):  # fmt: skip
            array[b, :size] = values
        asked.extend((b * width + place, target, number, answer) for place, target, number, answer in row.asked)
    place, target, number, answer = np.array(asked, dtype=np.int64).reshape(-1, 4).T
    places, which = np.unique(place, return_inverse=True)
    return PromptBatch(
        tokens=torch.from_numpy(tokens),
        positions=torch.from_numpy(positions),
        limits=torch.from_numpy(limits),
        branches=torch.from_numpy(branches),
        twigs=torch.from_numpy(twigs),
        places=torch.from_numpy(places),
        asked=torch.from_numpy(which.reshape(-1)),
        targets=torch.from_numpy(target.copy()),
        cells=torch.from_numpy(number * lengths.shape[1] + answer),
        lengths=torch.from_numpy(lengths),
        is_plain=all(row.questions == 1 and row.forks <= 1 for row in rows),
        text_tokens=sum(len(row.tokens) for row in rows),
    )
