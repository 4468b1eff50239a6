"""Graph and recurrent families, with the smallest module of each: batches, streams, what may not be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from erckit.encoding.encoder import load_backbone
from erckit.networks.context_model import ContextModel
from erckit.networks.dialogues import MAX_SPEAKERS, Dialogues, join_dialogues, number_speaker
from erckit.networks.graph_context import GraphContext
from erckit.networks.recurrent_context import RecurrentContext
from erckit.networks.shared_settings import ModelSettings


class _Sum(NamedTuple):
    total: Tensor  # (B, H)
    heard: Tensor  # (B, S), utterances of each speaker


class _Recurrent(RecurrentContext[_Sum]):
    """All that was said so far, times how often its speaker spoke."""

    def build_context(self, width: int) -> int:
        return width

    def start(self, vectors: Tensor) -> _Sum:
        return _Sum(torch.zeros_like(vectors), vectors.new_zeros(len(vectors), MAX_SPEAKERS))

    def step(self, state: _Sum, vectors: Tensor, speakers: Tensor) -> tuple[Tensor, _Sum]:
        rows = torch.arange(len(vectors))
        heard = state.heard.index_put((rows, speakers), state.heard[rows, speakers] + 1)
        total = state.total + vectors
        return total * heard[rows, speakers][:, None], _Sum(total, heard)


class _Graph(GraphContext):
    """Twice the mean over the target and the ``near`` utterances before it, same speakers weighted double."""

    near = 2

    def build_context(self, width: int) -> int:
        self.linear = nn.Linear(width, width)
        return width

    @property
    def reach(self) -> int:
        return 2 * self.near

    def pass_on(self, nodes: Tensor, dialogues: Dialogues) -> Tensor:
        for _ in range(2):
            nodes = self._layer(nodes, dialogues)
        return nodes

    def _layer(self, nodes: Tensor, dialogues: Dialogues) -> Tensor:
        said, who, mask = dialogues.padded(self.linear(nodes)), dialogues.padded(dialogues.speakers), dialogues.mask
        places = torch.arange(mask.shape[1])
        distance = places[:, None] - places[None]
        weights = ((distance >= 0) & (distance <= self.near)).float() * (1 + (who[:, :, None] == who[:, None]).float())
        return dialogues.flat(weights @ said)


FAMILIES = (_Recurrent, _Graph)


@pytest.fixture(scope="module")
def model_of(tiny_backbone: Callable[[str], Path]) -> Callable[[type[ContextModel]], ContextModel]:
    def make(family: type[ContextModel]) -> ContextModel:
        torch.manual_seed(1)
        settings = ModelSettings(name="tiny", attention="isolated")
        return family(settings, 3, 1, load_backbone(tiny_backbone("bert"))).eval()

    return make


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=25)
@given(speakers=st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=12), min_size=1, max_size=5))
@torch.no_grad()
def test_batch_alone_stream_and_future(
    model_of: Callable[[type[ContextModel]], ContextModel], family: type[ContextModel], speakers: list[list[int]]
) -> None:
    model, dialogues = model_of(family), join_dialogues(speakers)
    vectors = torch.randn(len(dialogues), 32, generator=torch.Generator().manual_seed(len(dialogues)))
    whole = model.in_dialogues(vectors, dialogues)
    parts = vectors.split([len(s) for s in speakers])
    alone = [model.in_dialogues(said, join_dialogues([who])) for said, who in zip(parts, speakers, strict=True)]
    assert torch.allclose(whole, torch.cat(alone), rtol=1e-4, atol=1e-4)
    states: list[object] = [None] * len(speakers)
    streamed: list[list[Tensor]] = [[] for _ in speakers]
    for u in range(max(map(len, speakers))):
        going = [i for i, who in enumerate(speakers) if len(who) > u]
        said = torch.stack([parts[i][u] for i in going])
        seen, after = model.stream([states[i] for i in going], said, [speakers[i][u] for i in going])
        for i, vector, state in zip(going, seen, after, strict=True):
            streamed[i].append(vector)
            states[i] = state
    assert torch.allclose(whole, torch.cat([torch.stack(rows) for rows in streamed]), rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_a_graph_keeps_no_more_than_it_reaches(model_of: Callable[[type[ContextModel]], ContextModel]) -> None:
    model, state = model_of(_Graph), None
    for u in range(9):
        _, (state,) = model.stream([state], torch.randn(1, 32), [u % 3])
    assert state is not None
    assert len(state[0]) == 5


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_padded_rows_come_back_flat(lengths: list[int]) -> None:
    dialogues = Dialogues(torch.tensor(lengths), torch.zeros(sum(lengths), dtype=torch.long))
    rows = torch.arange(sum(lengths) * 2).view(-1, 2) + 1
    padded = dialogues.padded(rows)
    assert padded.shape == (len(lengths), max(lengths), 2)
    assert torch.equal(dialogues.flat(padded), rows)
    assert int((padded == 0).sum()) == 2 * (len(lengths) * max(lengths) - sum(lengths))


def test_speakers_are_numbered_by_appearance_and_bounded() -> None:
    numbers: dict[str, int] = {}
    assert [number_speaker(numbers, name) for name in ("Ben", "Ana", "Ben", "", "", "Ana")] == [0, 1, 0, 2, 3, 1]
    crowd: dict[str, int] = {}
    assert [number_speaker(crowd, f"{i}") for i in range(MAX_SPEAKERS + 2)][-2:] == [MAX_SPEAKERS - 1] * 2
