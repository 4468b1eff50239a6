"""Predictions in other labels: what adds up, what is divided, and what stays calibrated."""

from __future__ import annotations

import pytest

from erckit.conversation import Conversation, LabelledConversation, Prediction, Utterance
from erckit.corpora.mappings.mappings import find_mapping
from erckit.label_mapping import LabelMapping
from erckit.labelling.map_labelled import map_labelled
from erckit.labels import LabelSet

IEMOCAP = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
EMORY = ("joyful", "mad", "neutral", "peaceful", "powerful", "sad", "scared")


def labelled(scores: dict[str, float], calibrated: bool = True) -> list[LabelledConversation]:
    best = max(scores, key=lambda label: scores[label])
    conversation = Conversation("c", (Utterance("u", "Ann", "hi", label="somewhat odd"),))
    return [LabelledConversation(conversation, (Prediction("u", best, scores, calibrated),))]


def test_two_labels_together_may_outweigh_the_top_one() -> None:
    given = labelled(dict(zip(IEMOCAP, (0.05, 0.3, 0.1, 0.25, 0.05, 0.25), strict=True)))
    (one,) = map_labelled(given, find_mapping(IEMOCAP, "ekman"))
    prediction = one.predictions[0]
    assert prediction.label == "anger"  # 0.25 + 0.25, although sadness had the highest single score
    assert prediction.scores == pytest.approx({"anger": 0.5, "joy": 0.1, "neutral": 0.1, "sadness": 0.3})
    assert prediction.calibrated
    assert one.conversation == given[0].conversation


def test_scores_of_labels_without_counterpart_are_shared_out_and_no_longer_calibrated() -> None:
    given = labelled(dict(zip(EMORY, (0.2, 0.1, 0.1, 0.3, 0.2, 0.05, 0.05), strict=True)))
    prediction = map_labelled(given, find_mapping(EMORY, "ekman"))[0].predictions[0]
    assert prediction.scores == pytest.approx({"anger": 0.2, "fear": 0.1, "joy": 0.4, "neutral": 0.2, "sadness": 0.1})
    assert prediction.label == "joy"
    assert not prediction.calibrated
    assert map_labelled(given, find_mapping(EMORY, "polarity"))[0].predictions[0].calibrated
    assert (
        not map_labelled(labelled(given[0].predictions[0].scores, False), find_mapping(EMORY, "polarity"))[0]
        .predictions[0]
        .calibrated
    )


def test_abstaining_looks_at_the_mapped_score() -> None:
    given = labelled(dict(zip(IEMOCAP, (0.05, 0.3, 0.1, 0.25, 0.05, 0.25), strict=True)))
    mapping = find_mapping(IEMOCAP, "ekman")
    assert map_labelled(given, mapping, min_confidence=0.45)[0].predictions[0].label == "anger"
    unsure = map_labelled(given, mapping, min_confidence=0.6)[0].predictions[0]
    assert unsure.label is None
    assert unsure.reason == "confidence 0.50 below 0.60"


def test_what_names_nothing_that_is_mapped_gets_no_label() -> None:
    mapping = LabelMapping(
        "moods", ("a", "b", "odd"), LabelSet(("low", "high")), {"a": "low", "b": "high", "odd": None}
    )
    chat = Conversation("c", tuple(Utterance(str(i), "Ana", "x") for i in range(3)))
    scores = [{"a": 0.0, "b": 0.0, "odd": 0.0}, {"a": 0.0, "b": 0.0, "odd": 1.0}, {"a": 0.0, "b": 1.0, "odd": 0.0}]
    named, reasons = (None, "odd", "b"), ("unparsed: 'well'", "", "")
    given = tuple(
        Prediction(str(i), label, row, False, reason)
        for i, (label, row, reason) in enumerate(zip(named, scores, reasons, strict=True))
    )
    (found,) = map_labelled([LabelledConversation(chat, given)], mapping, is_named=True)
    assert [p.label for p in found.predictions] == [None, None, "high"]
    assert [p.reason for p in found.predictions] == ["unparsed: 'well'", "odd has no counterpart", ""]
    assert set(found.predictions[0].scores.values()) == set(found.predictions[1].scores.values()) == {0.0}
