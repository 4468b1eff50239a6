"""DialogueRNN against its equations written out, and on the rule that only a state per party can learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from erckit.encoding.encoder import load_backbone
from erckit.models.context.dialogue_rnn import DialogueCells, DialogueRNN
from erckit.models.model_settings import model_settings
from erckit.networks.dialogues import Dialogues

WIDTHS = {"scene": 5, "party": 6, "emotion": 7, "hidden": 4}


def _model(tiny_backbone: Callable[[str], Path], labels: int = 3, **own: Any) -> DialogueRNN:
    settings = model_settings({"name": "dialogue_rnn", "dialogue_rnn": {**WIDTHS, **own}})
    torch.manual_seed(4)
    return DialogueRNN(settings, labels, 1, load_backbone(tiny_backbone("bert"))).eval()


def _gru(cell: torch.nn.GRUCell, x: Tensor, h: Tensor) -> Tensor:
    """A GRU cell by hand."""
    gates, states = cell.weight_ih @ x + cell.bias_ih, cell.weight_hh @ h + cell.bias_hh
    (reset, update, new), (reset_h, update_h, new_h) = gates.chunk(3), states.chunk(3)
    update = torch.sigmoid(update + update_h)
    return (1 - update) * torch.tanh(new + torch.sigmoid(reset + reset_h) * new_h) + update * h


def _attention(memory: list[Tensor], query: Tensor, width: int) -> Tensor:
    if not memory:
        return torch.zeros(width)
    weights = torch.softmax(torch.stack([query @ state for state in memory]), 0)
    return sum((w * state for w, state in zip(weights, memory, strict=True)), torch.zeros(width))


def _emotions(cells: DialogueCells, said: Tensor, speakers: list[int]) -> list[Tensor]:
    """Equations 1 to 5 of the paper for one conversation, a line each."""
    scenes: list[Tensor] = []
    emotions: list[Tensor] = []
    parties = {speaker: torch.zeros(6) for speaker in speakers}
    for u, s in zip(said, speakers, strict=True):
        scene = _gru(cells.scene, torch.cat([u, parties[s]]), scenes[-1] if scenes else torch.zeros(5))
        about = _attention(scenes, cells.query.weight @ u, 5)
        party = _gru(cells.party, torch.cat([u, about]), parties[s])
        if cells.listener is not None:
            heard = torch.cat([u, party])
            parties = {j: _gru(cells.listener, heard, state) for j, state in parties.items()}
        parties[s] = party
        emotions.append(_gru(cells.emotion, party, emotions[-1] if emotions else torch.zeros(7)))
        scenes.append(scene)
    return emotions


@pytest.mark.parametrize("listener", ["keeps", "hears"])
@pytest.mark.parametrize("attends", [True, False])
@torch.no_grad()
def test_hidden_vectors_are_those_of_the_equations(
    tiny_backbone: Callable[[str], Path], listener: str, attends: bool
) -> None:
    model = _model(tiny_backbone, listener=listener, attends=attends)
    said, speakers = torch.randn(7, 32), [0, 1, 0, 2, 1, 1, 0]
    emotions = _emotions(model.cells, said, speakers)
    expected = []
    for t, emotion in enumerate(emotions):
        read = _attention(emotions[: t + 1], model.readout(emotion), 7) if attends else emotion
        expected.append(F.relu(model.hidden(read)))
    hidden = model.in_dialogues(said, Dialogues(torch.tensor([7]), torch.tensor(speakers)))
    assert torch.allclose(hidden, torch.stack(expected), atol=1e-5)


@torch.no_grad()
def test_both_directions_are_read_as_published(tiny_backbone: Callable[[str], Path]) -> None:
    model = _model(tiny_backbone, is_bidirectional=True)
    said, speakers, lengths = torch.randn(9, 32), [0, 1, 0, 2, 0, 1, 1, 0, 1], [4, 5]
    hidden = model.in_dialogues(said, Dialogues(torch.tensor(lengths), torch.tensor(speakers)))
    at = 0
    for length in lengths:
        part, who = said[at : at + length], speakers[at : at + length]
        ahead = _emotions(model.cells, part, who)
        back = _emotions(model.backward_cells, part.flip(0), who[::-1])[::-1]
        both = [torch.cat(pair) for pair in zip(ahead, back, strict=True)]
        expected = [F.relu(model.hidden(_attention(both, model.readout(emotion), 14))) for emotion in both]
        assert torch.allclose(hidden[at : at + length], torch.stack(expected), atol=1e-5)
        at += length
    assert not model.is_causal(model.settings)


@torch.no_grad()
def test_attention_reaches_so_far_back_and_no_further(tiny_backbone: Callable[[str], Path]) -> None:
    model = _model(tiny_backbone, scenes=2)
    state = None
    for u in range(5):
        _, (state,) = model.stream([state], torch.randn(1, 32), [u % 2])
    assert state is not None
    assert state.scenes.shape == (1, 2, 5)
    assert state.emotions.shape == (1, 2, 7)
    assert state.parties.shape == (1, 3, 6)


@pytest.mark.trains
def test_the_mood_of_each_speaker_is_learnt(tiny_backbone: Callable[[str], Path]) -> None:
    """A trigger sets its speaker's mood; every utterance has its speaker's mood; others' triggers distract."""
    model = _model(tiny_backbone, labels=2, dropout=0.0, scene=16, party=16, emotion=16, hidden=16).train()
    generator = torch.Generator().manual_seed(1)
    triggers = torch.randn(3, 32, generator=generator)  # sets mood 0, sets mood 1, says nothing

    def conversation() -> tuple[Tensor, list[int], list[int], list[bool]]:
        moods, said, who, labels, is_plain = [0, 0, 0], [], [], [], []
        for _ in range(14):
            speaker = int(torch.randint(3, (1,), generator=generator))
            kind = int(torch.randint(4, (1,), generator=generator))
            if kind < 2:
                moods[speaker] = kind
            said.append(triggers[min(kind, 2)])
            who.append(speaker)
            labels.append(moods[speaker])
            is_plain.append(kind >= 2)
        return torch.stack(said), who, labels, is_plain

    def batch(count: int) -> tuple[Tensor, Dialogues, Tensor, Tensor]:
        made = [conversation() for _ in range(count)]
        dialogues = Dialogues(torch.full((count,), 14), torch.tensor([s for c in made for s in c[1]]))
        labels = torch.tensor([label for c in made for label in c[2]])
        return torch.cat([c[0] for c in made]), dialogues, labels, torch.tensor([p for c in made for p in c[3]])

    learnt = [p for name, p in model.named_parameters() if not name.startswith(("encoder", "projection"))]
    optimizer = torch.optim.Adam(learnt, lr=0.02)
    for _ in range(120):
        said, dialogues, labels, _ = batch(24)
        loss = F.cross_entropy(model.score(model.in_dialogues(said, dialogues)), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    said, dialogues, labels, is_plain = batch(60)
    right = model.eval().score(model.in_dialogues(said, dialogues)).argmax(1) == labels
    assert right[is_plain].float().mean() > 0.95  # 0.6 without knowing who speaks
