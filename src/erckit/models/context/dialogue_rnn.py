"""DialogueRNN: what each party feels, what the conversation is about, and the emotion that follows from both.

Source: Majumder et al., "DialogueRNN: An Attentive RNN for Emotion Detection in Conversations", AAAI 2019, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from erckit.encoding.dropout import dropout
from erckit.networks.dialogues import Dialogues
from erckit.networks.recurrent_context import RecurrentContext
from erckit.networks.shared_settings import ModelSettings
from erckit.settings import choose, require


@dataclass(frozen=True, slots=True)
class DialogueRnnSettings:
    """Settings of the states and of what is read off them.

    Args:
        scene: Width G of the global state, which follows the conversation.
        party: Width P of the state of each party.
        emotion: Width E of the emotion state.
        hidden: Width of the layer below the label head.
        dropout: Dropout of new states (what the recurrence carries on is dropped, too) and of the hidden layer.
        listener: ``keeps`` its state, or ``hears``: a GRU moves the states of all who do not speak as well.
        attends: Whether the emotion is read off by attention over all emotion states so far (of the whole
            conversation where ``is_bidirectional``), or off the latest alone.
        scenes: Latest global (and emotion) states that attention reaches, so that a stream's memory is bounded.
        is_bidirectional: Whether a second network reads the conversation from its end, as published; not causal.
    """

    scene: int = 150
    party: int = 150
    emotion: int = 100
    hidden: int = 100
    dropout: float = 0.1
    listener: str = "keeps"
    attends: bool = True
    scenes: int = 512
    is_bidirectional: bool = False

    def __post_init__(self) -> None:
        for name in ("scene", "party", "emotion", "hidden", "scenes"):
            require(self, name, least=1)
        require(self, "dropout", least=0, below=1)
        choose(self.listener, ("keeps", "hears"), "model.dialogue_rnn.listener")


class DialogueState(NamedTuple):
    """What one direction carries from utterance to utterance, B conversations."""

    scenes: Tensor  # (B, t, G) the latest global states, oldest first
    parties: Tensor  # (B, S + 1, P) first that of whoever has not spoken yet, then by number
    emotions: Tensor  # (B, t, E) the latest emotion states, oldest first


class DialogueCells(nn.Module):
    """The cells of one direction; equations as numbered in :class:`DialogueRNN`."""

    def __init__(self, own: DialogueRnnSettings, width: int) -> None:
        super().__init__()
        self.own = own
        self.scene = nn.GRUCell(width + own.party, own.scene)
        self.party = nn.GRUCell(width + own.scene, own.party)
        self.emotion = nn.GRUCell(own.party, own.emotion)
        self.query = nn.Linear(width, own.scene, bias=False)
        self.listener = nn.GRUCell(width + own.party, own.party) if own.listener == "hears" else None

    def start(self, vectors: Tensor) -> DialogueState:
        """States before the first of utterances (B, H)."""
        own, rows = self.own, len(vectors)
        zeros = vectors.float().new_zeros
        return DialogueState(zeros(rows, 0, own.scene), zeros(rows, 1, own.party), zeros(rows, 0, own.emotion))

    def step(self, state: DialogueState, said: Tensor, speakers: Tensor) -> DialogueState:
        """States after utterances (B, H) of speakers (B,)."""
        said = said.float()
        parties = state.parties
        missing = int(speakers.max()) + 2 - parties.shape[1]
        if missing > 0:  # who speaks for the first time has been silent so far
            parties = torch.cat([parties, parties[:, :1].expand(-1, missing, -1)], 1)  # (B, S + 1, P)
        rows, who = torch.arange(len(said), device=said.device), speakers + 1
        before = parties[rows, who]  # (B, P)
        last_scene = state.scenes[:, -1] if state.scenes.shape[1] else said.new_zeros(len(said), self.own.scene)
        last_emotion = state.emotions[:, -1] if state.emotions.shape[1] else said.new_zeros(len(said), self.own.emotion)
        scene = self._drop(self.scene(torch.cat([said, before], 1), last_scene))  # (B, G), equation 1
        about = attend(state.scenes, self.query(said))  # (B, G), equation 2
        spoke = self._drop(self.party(torch.cat([said, about], 1), before))  # (B, P), equation 3
        if self.listener is not None:  # equation 4
            heard = torch.cat([said, spoke], 1)[:, None].expand(-1, parties.shape[1], -1)  # (B, S + 1, H + P)
            moved = self.listener(heard.flatten(0, 1), parties.flatten(0, 1)).view_as(parties)
            parties = self._drop(moved)
        parties = parties.index_put((rows, who), spoke)
        emotion = self._drop(self.emotion(spoke, last_emotion))  # (B, E), equation 5
        return DialogueState(self._latest(state.scenes, scene), parties, self._latest(state.emotions, emotion))

    def _latest(self, states: Tensor, state: Tensor) -> Tensor:
        return torch.cat([states, state[:, None]], 1)[:, -self.own.scenes :]  # (B, t, ...)

    def _drop(self, values: Tensor) -> Tensor:
        return dropout(values, self.own.dropout) if self.training else values


def attend(memory: Tensor, query: Tensor) -> Tensor:
    """Sum of states (B, t, D) weighted by softmax of their products with queries (B, D); zeros of no states, (B, D)."""
    weights = torch.einsum("btd,bd->bt", memory, query.float()).softmax(1)  # (B, t)
    return torch.einsum("bt,btd->bd", weights, memory)


class DialogueRNN(RecurrentContext[DialogueState]):
    """A recurrent state per party, one for the conversation and one for emotion.

    With u the utterance, s who speaks:

    1. scene g = GRU(u and s' state so far; the last scene)
    2. what it is about, c = attention of u over the scenes before
    3. s' state p = GRU(u and c; s' state so far)
    4. the others' states stay, or p_j = GRU(u and p; p_j)
    5. emotion e = GRU(p; the last emotion), whoever spoke last
    6. hidden h = ReLU(W e~), e~ the emotion states so far by attention of e; logits = head(h)

    Deviations: one direction and attention over what was said so far, so that the model is causal and can be
    streamed; ``is_bidirectional`` and its attention over the whole conversation are as published. A pretrained
    sentence encoder reads the utterances (``model.reader``), not a CNN over GloVe. As many parties as a conversation
    has, not two or nine. Attention reaches ``scenes`` states back; no published conversation is as long.

    Args:
        settings: See ``ModelSettings``; ``own`` holds ``DialogueRnnSettings``.
        labels: Number of labels, L.
        identities: Unused: speakers are told apart within the conversation.
        backbone: Sentence encoder.
        memory_backbone: Must be None.
    """

    Settings: ClassVar[type[Any] | None] = DialogueRnnSettings
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {"head.kind": ("linear", "cosine")}

    @classmethod
    def is_causal(cls, settings: ModelSettings) -> bool:
        """Whether the conversation is read in its own direction only."""
        return not settings.own.is_bidirectional

    def build_context(self, width: int) -> int:
        """The cells of one or both directions and the hidden layer; returns its width."""
        own: DialogueRnnSettings = self.settings.own
        read = own.emotion * (2 if own.is_bidirectional else 1)
        self.cells = DialogueCells(own, width)
        if own.is_bidirectional:
            self.backward_cells = DialogueCells(own, width)
        if own.attends:
            self.readout = nn.Linear(read, read)
        self.hidden = nn.Linear(read, own.hidden)
        return own.hidden

    def start(self, vectors: Tensor) -> DialogueState:
        """States before the first utterance."""
        return self.cells.start(vectors)

    def step(self, state: DialogueState, vectors: Tensor, speakers: Tensor) -> tuple[Tensor, DialogueState]:
        """Hidden vectors (B, hidden) of the next utterances, and the states after them."""
        after = self.cells.step(state, vectors, speakers)
        emotion = after.emotions[:, -1]
        if self.settings.own.attends:
            emotion = attend(after.emotions, self.readout(emotion))  # (B, E)
        return self._hidden(emotion), after

    def in_dialogues(self, vectors: Tensor, dialogues: Dialogues) -> Tensor:
        """Hidden vectors (N, hidden) of all utterances; both directions where the model has both."""
        if not self.settings.own.is_bidirectional:
            return super().in_dialogues(vectors, dialogues)
        said, speakers, mask = dialogues.padded(vectors), dialogues.padded(dialogues.speakers), dialogues.mask
        # Each conversation is turned around by its own length: padding stays at the end.
        places = torch.arange(mask.shape[1], device=mask.device)
        turned = torch.where(mask, dialogues.lengths[:, None] - 1 - places, places)  # (B, U)
        rows = torch.arange(len(mask), device=mask.device)[:, None]
        back = self._emotions(self.backward_cells, said[rows, turned], speakers[rows, turned])[rows, turned]
        emotions = torch.cat([self._emotions(self.cells, said, speakers), back], 2)  # (B, U, 2E)
        if self.settings.own.attends:
            scores = torch.einsum("bqd,bkd->bqk", self.readout(emotions).float(), emotions)
            weights = scores.masked_fill(~mask[:, None], -torch.inf).softmax(2)  # (B, U, U)
            emotions = torch.einsum("bqk,bkd->bqd", weights, emotions)
        return self._hidden(dialogues.flat(emotions))

    @staticmethod
    def _emotions(cells: DialogueCells, said: Tensor, speakers: Tensor) -> Tensor:
        """Emotion states of padded conversations, (B, U, E)."""
        state, emotions = cells.start(said[:, 0]), []
        for u in range(said.shape[1]):
            state = cells.step(state, said[:, u], speakers[:, u])
            emotions.append(state.emotions[:, -1])
        return torch.stack(emotions, 1)

    def _hidden(self, emotion: Tensor) -> Tensor:
        return self._drop(F.relu(self.hidden(emotion))).float()  # (B, hidden)
