"""Scores before temperature scaling under a label mapping: undone first, mapped then, never the other way round."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_labelled import HandLabelled
from scipy.special import softmax

from erckit.conversation import Conversation, LabelledConversation, Prediction, Utterance
from erckit.corpora.corpus import Corpus, Protocol
from erckit.evaluation import evaluate_model, summarize_calibration
from erckit.labels import LabelSet
from erckit.metrics import negative_log_likelihood

EMORY = LabelSet(("joyful", "mad", "neutral", "peaceful", "powerful", "sad", "scared"), neutral="neutral")


@dataclass
class Scaled(HandLabelled):
    """Scores of fixed logits, scaled by 2.5."""

    logits: dict[str, np.ndarray]
    label_set: LabelSet = EMORY
    name: str = "scaled"
    causal: bool = True
    temperature: float = 2.5
    tokens_processed: int = 0

    @property
    def settings(self) -> dict[str, Any]:
        return {"corpus": "emorynlp", "training": {"seed": 1}}

    def label(self, conversations: Any, **_: Any) -> list[LabelledConversation]:
        return [
            LabelledConversation(
                one,
                tuple(
                    Prediction(
                        u.id,
                        EMORY.labels[int(self.logits[u.id].argmax())],
                        dict(zip(EMORY.labels, map(float, softmax(self.logits[u.id] / 2.5)), strict=True)),
                        True,
                    )
                    for u in one.utterances
                ),
            )
            for one in conversations
        ]


def test_merged_labels_are_added_up_after_the_temperature_is_undone(tmp_path: Path) -> None:
    rng, drawn = random.Random(0), np.random.default_rng(0)
    utterances = tuple(Utterance(f"u{i}", "Ann", "word", label=rng.choice(EMORY.labels)) for i in range(60))
    corpus = Corpus(
        name="emorynlp",
        version="1",
        label_set=EMORY,
        splits={"dev": (Conversation("c", utterances),)},
        protocols={"emorynlp/dev": Protocol("emorynlp/dev", "emorynlp", "dev", "macro_f1", "dev", "nothing", ())},
    )
    labeler = Scaled({u.id: drawn.normal(scale=2, size=7) for u in utterances})
    result = evaluate_model(labeler, corpus, "dev", draws=20, map_to="polarity")
    assert result.protocol.mapping
    merged: dict[str, str | None] = {}
    from erckit.corpora.mappings.mappings import find_mapping

    mapping = find_mapping(EMORY.labels, "polarity")
    for label in EMORY.labels:
        merged[label] = mapping.map(label)
    assert any(list(merged.values()).count(target) > 1 for target in merged.values())  # some labels do merge
    for ending, temperature in (("", 2.5), ("_uncalibrated", 1.0)):
        scores, gold = [], []
        for u in utterances:
            target = merged[u.label or ""]
            if target not in result.label_set:
                continue
            row = softmax(labeler.logits[u.id] / temperature)
            added = [
                sum(p for p, label in zip(row, EMORY.labels, strict=True) if merged[label] == wanted)
                for wanted in result.label_set.labels
            ]
            scores.append([value / sum(added) for value in added])
            gold.append(result.label_set.index(target))
        assert len(gold) == result.protocol.utterances
        expected = negative_log_likelihood(scores, gold)
        assert result.metrics[f"negative_log_likelihood{ending}"] == pytest.approx(expected)
    found = summarize_calibration(result, draws=50)
    # Undoing the temperature on sums would give another number, so the file's own is all there is.
    assert found.error_before is not None
    assert found.error_before.interval_95 is None
    assert json.dumps(found.to_dict(), allow_nan=False)
