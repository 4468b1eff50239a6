"""The mask of packed prompts against one derived from each token's own prompt."""

from __future__ import annotations

import pytest
import torch

from erckit.causal.prompt_packing import (
    TokenizedPrompt,
    TokenizedQuestion,
    pack_prompts,
    prompt_pieces,
    separate_tokens,
)
from erckit.causal.prompt_segments import Room
from erckit.errors import SettingError

# Every token is unique, so a token says where it belongs.
PROMPT = TokenizedPrompt(
    opening=(1, 2),
    blocks=((10, 11), (20,), (30, 31, 32)),
    questions=(
        TokenizedQuestion(1, (100, 101), ((110,), (120, 121, 122))),
        TokenizedQuestion(3, (200,), ((210, 211), (220, 221))),
        TokenizedQuestion(0, (300,), ((310,),)),
    ),
)
# What each branch token has in front of it in a prompt of its own.
BEFORE = {
    100: [1, 2, 10, 11],
    101: [1, 2, 10, 11, 100],
    120: [1, 2, 10, 11, 100, 101],
    121: [1, 2, 10, 11, 100, 101, 120],
    200: [1, 2, 10, 11, 20, 30, 31, 32],
    210: [1, 2, 10, 11, 20, 30, 31, 32, 200],
    220: [1, 2, 10, 11, 20, 30, 31, 32, 200],
    300: [1, 2],
    32: [1, 2, 10, 11, 20, 30, 31],
    1: [],
}


def test_every_token_sees_its_own_prompt_and_stands_where_it_would() -> None:
    longer = TokenizedPrompt(tuple(range(400, 420)), (), (TokenizedQuestion(0, (500,), ((510,),)),))
    batch = pack_prompts([PROMPT, longer], padding_token=7)
    tokens, allowed = batch.tokens[0].tolist(), batch.allowed()[0]
    for token, before in BEFORE.items():
        place = tokens.index(token)
        assert sorted(tokens[key] for key in allowed[place].nonzero()[:, 0].tolist()) == sorted([*before, token])
        assert int(batch.positions[0, place]) == len(before)
    assert not set(tokens) & {110, 122, 211, 221, 310}  # the last token of an answer needs no forward pass
    assert bool(batch.allowed().any(-1).all())
    padding = tokens.index(7)
    assert not bool(allowed[:padding, padding:].any())
    assert batch.text_tokens == padding + 21


def test_each_answer_token_is_asked_where_it_is_predicted() -> None:
    batch = pack_prompts([PROMPT])
    flat = batch.tokens.flatten()
    asked = [
        (int(flat[batch.places[which]]), int(target), divmod(int(cell), 2))
        for which, target, cell in zip(batch.asked, batch.targets, batch.cells, strict=True)
    ]
    assert sorted(asked) == sorted(
        [
            (101, 110, (0, 0)), (101, 120, (0, 1)), (120, 121, (0, 1)), (121, 122, (0, 1)),
            (200, 210, (1, 0)), (210, 211, (1, 0)), (200, 220, (1, 1)), (220, 221, (1, 1)), (300, 310, (2, 0)),
        ]
    )  # fmt: skip
    assert batch.lengths.tolist() == [[1, 3], [2, 2], [1, 0]]


def test_separate_rows_are_plain_sequences() -> None:
    batch = pack_prompts([PROMPT], separate=True)
    rows = [[token for token in row if token] for row in batch.tokens.tolist()]
    assert rows == [
        [1, 2, 10, 11, 100, 101],
        [1, 2, 10, 11, 100, 101, 120, 121],
        [1, 2, 10, 11, 20, 30, 31, 32, 200, 210],
        [1, 2, 10, 11, 20, 30, 31, 32, 200, 220],
        [1, 2, 300],
    ]
    assert batch.is_plain
    assert separate_tokens(PROMPT) == [tuple(rows[0]), tuple(rows[2][:-1]), tuple(rows[4])]


def test_a_cut_conversation_repeats_the_opening() -> None:
    batch = pack_prompts([PROMPT], Room(5, 1))
    rows = [[token for token in row if token] for row in batch.tokens.tolist()]
    # the third block is cut to what fits beside the opening; the second does not fit as its left context
    assert rows[0][:5] == [1, 2, 10, 11, 100]  # nothing is asked after the second block
    assert rows[1] == [1, 2, 30, 31, 32, 200, 210, 220]
    assert separate_tokens(PROMPT, Room(5, 1))[1] == (1, 2, 30, 31, 32, 200)


@pytest.mark.parametrize("room", [Room(5, 1), Room(8, 4), Room(6, 0), Room(100, 50)])
def test_each_piece_is_a_row_of_the_whole(room: Room) -> None:
    mute = TokenizedPrompt((9,), ((8,),), ())
    last = TokenizedPrompt((1,), ((2,), (3,)), (TokenizedQuestion(2, (7,), ((5,),)),))
    prompts = [PROMPT, mute, last]
    whole, pieces = pack_prompts(prompts, room), prompt_pieces(prompts, room)
    rows = [[token for token in row if token] for row in whole.tokens.tolist()]
    alone = [pack_prompts([piece.prompt], room) for piece in pieces]
    assert [[token for token in batch.tokens[0].tolist() if token] for batch in alone] == rows
    assert all(batch.tokens.shape[0] == 1 for batch in alone)
    assert sorted(row for piece in pieces for row in piece.rows) == list(range(whole.rows))
    assert pieces[-1].rows == (3,)
    for row, (batch, piece) in enumerate(zip(alone, pieces, strict=True)):
        size = len(rows[row])
        for name in ("positions", "limits", "branches", "twigs"):
            assert getattr(batch, name)[0, :size].tolist() == getattr(whole, name)[row, :size].tolist()
        width = batch.lengths.shape[1]
        assert batch.lengths.tolist() == whole.lengths[list(piece.rows), :width].tolist()


def test_too_long_for_the_model() -> None:
    with pytest.raises(SettingError, match="11 tokens with its answer, and the model takes 10"):
        pack_prompts([PROMPT], positions=10)
    assert pack_prompts([PROMPT], positions=11).rows == 3


def test_nothing_to_ask() -> None:
    batch = pack_prompts([TokenizedPrompt((1,), ((2,),), ())])
    assert batch.rows == 0
    assert batch.tokens.shape[0] == 0
    assert torch.equal(batch.lengths, torch.zeros(0, 0, dtype=torch.long))


def test_a_cut_utterance_keeps_its_end() -> None:
    # Its last tokens are the closing quote and the line break: without them it would run into the question.
    long = tuple(range(100, 160))
    prompt = TokenizedPrompt((1, 2), (long,), (TokenizedQuestion(1, (7,), ((8,), (9,))),))
    (tokens,) = separate_tokens(prompt, Room(max_tokens=22, left_context=4))
    assert tokens[:22] == (1, 2, *range(100, 116), *range(156, 160))
    assert tokens[22] == 7
    (row,) = pack_prompts([prompt], Room(max_tokens=22, left_context=4)).tokens.tolist()
    assert row[:23] == list(tokens[:23])
