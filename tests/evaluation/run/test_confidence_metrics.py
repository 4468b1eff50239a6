"""What evaluate writes of scores before and after temperature scaling, against the logits."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_labelled import HandLabelled
from scipy.special import softmax
from sklearn.metrics import log_loss

from erckit.conversation import LabelledConversation, Prediction
from erckit.evaluation import Result, aggregate_results, evaluate_model, format_result
from erckit.evaluation.run.confidence_metrics import CONFIDENCE_METRICS
from erckit.labelling.scored_predictions import labelled_conversations
from erckit.metrics import expected_calibration_error
from erckit.models.system import Ask


@dataclasses.dataclass
class LogitLabeler(HandLabelled):
    """Labels by logits that are drawn from a seed, scaled by a temperature."""

    labels: Any
    seed: int = 1
    temperature: float | None = 1.7
    name: str = "logits"
    causal: bool = True
    tokens_processed: int = 0
    drawn: list[np.ndarray] = dataclasses.field(default_factory=list)

    @property
    def label_set(self) -> Any:
        return self.labels

    @property
    def settings(self) -> dict[str, Any]:
        return {"training": {"seed": self.seed}}

    def label(self, conversations: Any, **_: Any) -> list[LabelledConversation]:
        rng = np.random.default_rng(self.seed)
        done = []
        for one in conversations:
            logits = rng.normal(scale=3, size=(len(one), len(self.labels)))
            self.drawn.append(logits[[u.label is not None for u in one.utterances]])
            scores = softmax(logits / (self.temperature or 1.0), axis=1)
            done.append(
                LabelledConversation(
                    one,
                    tuple(
                        Prediction(
                            utterance.id,
                            self.labels.labels[int(row.argmax())],
                            dict(zip(self.labels.labels, map(float, row), strict=True)),
                            self.temperature is not None,
                        )
                        for utterance, row in zip(one.utterances, scores, strict=True)
                    ),
                )
            )
        return done


@pytest.fixture
def logit_labeler(corpus: Any) -> LogitLabeler:
    return LogitLabeler(corpus.label_set)


def test_both_come_from_the_logits_not_from_rounded_scores(corpus: Any, logit_labeler: LogitLabeler) -> None:
    result = evaluate_model(logit_labeler, corpus, "test", draws=10)
    logits = np.concatenate(logit_labeler.drawn)
    labels = corpus.label_set
    gold = [labels.index(row.gold) for row in result.predictions]
    for ending, temperature in (("", 1.7), ("_uncalibrated", 1.0)):
        scores = softmax(logits / temperature, axis=1)
        expected = expected_calibration_error(scores, gold)
        assert result.metrics[f"expected_calibration_error{ending}"] == pytest.approx(expected, abs=1e-12)
        loss = log_loss(gold, scores, labels=range(len(labels)))
        assert result.metrics[f"negative_log_likelihood{ending}"] == pytest.approx(loss)
        brier = ((scores - np.eye(len(labels))[gold]) ** 2).sum(axis=1).mean()
        assert result.metrics[f"brier_score{ending}"] == pytest.approx(brier)
    assert result.temperatures == (1.7,)
    assert "before temperature scaling" in format_result(result)
    assert all(score == round(score, 4) for row in result.predictions for score in row.scores.values())


def test_without_a_temperature_there_is_no_before(corpus: Any, logit_labeler: LogitLabeler) -> None:
    logit_labeler.temperature = None
    result = evaluate_model(logit_labeler, corpus, "test", draws=10)
    assert set(CONFIDENCE_METRICS) <= set(result.metrics)
    assert not any(name.endswith("_uncalibrated") for name in result.metrics)
    assert result.temperatures == (None,)
    assert "before temperature scaling" not in format_result(result)


def test_scores_before_scaling_are_surer_under_the_same_labels(corpus: Any, logit_labeler: LogitLabeler) -> None:
    dev = corpus.splits["dev"]
    about, reading = logit_labeler.about, logit_labeler.read(Ask(dev))
    scaled = labelled_conversations(dev, reading, about, temperature=1.7)
    for before, after in zip(labelled_conversations(dev, reading, about), scaled, strict=True):
        assert before.conversation == after.conversation
        assert [p.label for p in before.predictions] == [p.label for p in after.predictions]
        assert not any(p.calibrated for p in before.predictions)
        # 1.7 sharpens: what was hidden by the scaling is a surer model.
        assert all(b.confidence > a.confidence for b, a in zip(before.predictions, after.predictions, strict=True))


def test_seeds_are_averaged_and_each_keeps_its_temperature(
    corpus: Any, logit_labeler: LogitLabeler, tmp_path: Path
) -> None:
    other = dataclasses.replace(logit_labeler, seed=2, temperature=0.8, drawn=[])
    single = [evaluate_model(one, corpus, "test", draws=10) for one in (logit_labeler, other)]
    whole = Result.load(aggregate_results(single, draws=10).save(tmp_path / "whole.json"))
    assert whole.temperatures == (1.7, 0.8)
    for name in (*CONFIDENCE_METRICS, "expected_calibration_error_uncalibrated", "aurc"):
        values = [one.metrics[name] for one in single]
        assert whole.metrics[name] == pytest.approx(np.mean(values))
        assert whole.sd[name] == pytest.approx(np.std(values, ddof=1))


def test_files_without_the_new_metrics_still_load_and_sum_up(corpus: Any, logit_labeler: LogitLabeler) -> None:
    other = dataclasses.replace(logit_labeler, seed=2, drawn=[])
    new, second = (evaluate_model(one, corpus, "test", draws=10) for one in (logit_labeler, other))
    data = json.loads(new.to_json())
    for metrics in (data["metrics"], data["runs"][0]["metrics"]):
        for name in list(metrics):
            if name.endswith("_uncalibrated") or name in ("brier_score", "negative_log_likelihood", "aurc"):
                del metrics[name]
    del data["runs"][0]["temperature"]
    old = Result.from_json(json.dumps(data))
    assert old.temperatures == (None,)
    assert "calibration error" in format_result(old)
    for order in ([old, second], [second, old]):
        whole = aggregate_results(order, draws=10)
        assert "expected_calibration_error" in whole.metrics
        assert "brier_score" not in whole.metrics
        assert "brier_score" not in whole.sd
