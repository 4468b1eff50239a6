"""A stand-in for the model, so that everything around it can be tested without weights."""

from __future__ import annotations

import zlib

import pytest

from erckit.labelling import Labeler
from erckit.labels import LabelSet
from erckit.models.system import About, Ask, Reading


class FakeSystem:
    """Scores that depend on the text alone, through a checksum."""

    label_set = LabelSet(("Joyful", "Mad", "Neutral"), neutral="Neutral")

    @property
    def about(self) -> About:
        return About(
            name="fake",
            label_set=self.label_set,
            settings={},
            can=frozenset({"scores"}),
            refusal="fake: it {why}.",
            is_calibrated=True,
            history_scope="all",
            max_utterance_tokens=192,
        )

    def read(self, ask: Ask) -> Reading:
        return Reading(scores=[[self._scores(u.text) for u in c.utterances] for c in ask.conversations])

    def _scores(self, text: str) -> list[float]:
        best = zlib.crc32(text.encode("utf-8", "surrogatepass")) % 3
        return [0.6 if i == best else 0.2 for i in range(len(self.label_set))]


@pytest.fixture
def fake_labeler(monkeypatch: pytest.MonkeyPatch) -> FakeSystem:
    """``erckit label`` with the fake model in this process."""
    system = FakeSystem()
    monkeypatch.setattr("erckit.cli.label._load", lambda *_: Labeler(system))
    return system
