"""One contract for all that labels: what a system cannot do it refuses in its own sentence, wherever it is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from erckit.conversation import Conversation, Utterance
from erckit.errors import SettingError
from erckit.evaluation import evaluate_model
from erckit.labelling import Labeler
from erckit.labelling.own_labels.own_labels import OwnLabels
from erckit.labelling.own_labels.prototypes import Prototypes
from erckit.labelling.own_labels.scorer import Scoring
from erckit.labels import LabelSet
from erckit.models.baselines.baseline import Baseline
from erckit.models.system import CAPABILITIES, Ask

CHAT = Conversation("c", (Utterance("1", "Ana", "sun"), Utterance("2", "Ben", "rain")))


class Weather(Baseline):
    """Glad where the sun is."""

    def __init__(self) -> None:
        super().__init__("weather", LabelSet(("glad", "cross")), {"model": {"name": "weather"}})

    def probabilities(self, conversations: Any, report: Any = None) -> list[Any]:
        return [[[0.75, 0.25] if "sun" in u.text else [0.0, 1.0] for u in c.utterances] for c in conversations]


ASKED: dict[str, Callable[[Labeler], Any]] = {
    "scores": lambda labeler: labeler.label(CHAT, min_confidence=0.5),
    "logits": lambda labeler: labeler.logits([CHAT]),
    "vectors": lambda labeler: labeler.vectors([CHAT]),
    "label head": lambda labeler: labeler.score(np.zeros((1, 2), np.float32)),
    "encoder": lambda labeler: labeler.pretrained,
    "stream": lambda labeler: labeler.stream(),
    "memory": lambda labeler: labeler.with_memory("memory"),
    "prompts": lambda labeler: labeler.with_style({"recent": 0}),
}


def test_every_capability_is_asked_for_somewhere() -> None:
    assert set(ASKED) == set(CAPABILITIES)


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_what_a_baseline_cannot_do_is_refused_in_one_sentence(capability: str) -> None:
    labeler = Labeler(Weather())
    if capability in labeler.about.can:
        ASKED[capability](labeler)
        return
    with pytest.raises(SettingError, match=f"'weather' is a baseline: it {CAPABILITIES[capability]}"):
        ASKED[capability](labeler)


def test_a_memory_is_refused_when_the_labeler_is_made() -> None:
    with pytest.raises(SettingError, match="speaker memory"):
        Labeler(Weather(), memory="memory")


def test_scores_of_a_baseline_stay_as_they_are() -> None:
    (labelled,) = Labeler(Weather()).label(CHAT, min_confidence=0.8)
    sure, unsure = labelled.predictions[1], labelled.predictions[0]
    assert (sure.label, sure.scores, sure.calibrated) == ("cross", {"glad": 0.0, "cross": 1.0}, False)
    assert (unsure.label, unsure.reason) == (None, "confidence 0.75 below 0.80")


def test_a_labeler_is_a_system_itself(tiny_corpus: Any) -> None:
    class Calm(Weather):
        def __init__(self) -> None:
            super().__init__()
            self.label_set = tiny_corpus.label_set

        def probabilities(self, conversations: Any, report: Any = None) -> list[Any]:
            shares = [1 / len(self.label_set)] * len(self.label_set)
            return [[shares] * len(c) for c in conversations]

    bare, wrapped = (evaluate_model(s, tiny_corpus, "test", draws=5) for s in (Calm(), Labeler(Calm())))
    assert bare.predictions == wrapped.predictions
    assert bare.protocol == wrapped.protocol
    assert bare.metrics == wrapped.metrics


@pytest.mark.parametrize("values", [{"history": "everything"}, {"batch_tokens": 0}])
def test_an_ask_out_of_range_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        Ask([CHAT], **values)


def test_own_labels_score_the_vectors_of_the_network(trained_folder: Path, talk: Callable[..., Conversation]) -> None:
    conversations = [talk(1, 6), talk(2, 5)]
    labeler = Labeler.from_pretrained(trained_folder, precision="fp32")
    vectors = np.concatenate(labeler.vectors(conversations))
    gold = np.arange(len(vectors)) % 2
    scorer = Prototypes.fit(vectors, gold, LabelSet(("even", "odd")))
    own = labeler.with_scoring(Scoring(scorer, "halves", {"kind": "prototypes"}))
    assert isinstance(own.system, OwnLabels)
    reading = own.read(Ask(conversations, wants_vectors=True))
    assert reading.logits is not None
    np.testing.assert_allclose(np.concatenate(reading.vectors or ()), vectors, atol=1e-6)
    np.testing.assert_allclose(np.concatenate(reading.logits), scorer.logits(vectors, vectors), atol=1e-5)
    assert own.model_id == f"{labeler.model_id}+halves"
    assert own.with_scoring(None).model_id == labeler.model_id
    assert own.settings == {**labeler.settings, "scoring": {"kind": "prototypes"}}
