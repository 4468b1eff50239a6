"""A mixture is scored as its dev split is in training: each utterance among the labels that its corpus has."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from erckit.corpora.mixture import KNOWN_LABELS
from erckit.evaluation import evaluate_model, protocol_line
from erckit.evaluation.comparison.comparison_warnings import comparison_warnings
from erckit.evaluation.comparison.matched_results import match_results

HAS = ["Glad", "Neutral"]


@pytest.fixture
def mixture(corpus: Any) -> Any:
    """Every other conversation comes from a corpus that has two of the four labels."""

    def restricted(conversation: Any) -> Any:
        said = tuple(dataclasses.replace(u, label=u.label if u.label in HAS else None) for u in conversation.utterances)
        return dataclasses.replace(conversation, utterances=said, meta={KNOWN_LABELS: HAS})

    test = tuple(restricted(c) if i % 2 else c for i, c in enumerate(corpus.splits["test"]))
    return dataclasses.replace(corpus, splits={**corpus.splits, "test": test})


def test_labels_that_a_corpus_lacks_are_not_predicted(mixture: Any, labeler: Any) -> None:
    result = evaluate_model(labeler, mixture, "test", draws=5)
    restricted = {c.id for c in mixture.splits["test"] if c.meta}
    plain = {
        (c.conversation.id, p.utterance_id): p.scores
        for c in dataclasses.replace(labeler).label(mixture.splits["test"])
        for p in c.predictions
    }
    among, others = 0, 0
    for row in result.predictions:
        scores = plain[row.conversation, row.utterance]
        if row.conversation in restricted:
            assert row.label in HAS
            total = sum(scores[label] for label in HAS)
            wanted = {label: scores[label] / total if label in HAS else 0.0 for label in scores}
            among += 1
        else:
            wanted = scores
            others += row.label not in HAS
        assert row.scores == pytest.approx(wanted, abs=1e-4)
    assert among > 20
    assert others > 10
    assert result.metrics["accuracy"] == sum(r.gold == r.label for r in result.predictions) / len(result.predictions)


def test_the_protocol_says_so(mixture: Any, corpus: Any, labeler: Any) -> None:
    result = evaluate_model(labeler, mixture, "test", draws=5)
    assert result.protocol.known_labels
    assert protocol_line(result).endswith("each utterance among the labels of its own corpus")
    assert type(result).from_json(result.to_json()).protocol == result.protocol
    other = evaluate_model(dataclasses.replace(labeler, seed=2), corpus, "test", draws=5)
    assert not other.protocol.known_labels
    assert "own corpus" not in protocol_line(other)


def test_a_result_over_all_labels_beside_it_is_told(mixture: Any, labeler: Any) -> None:
    result = evaluate_model(labeler, mixture, "test", draws=5)
    old = dataclasses.replace(result, protocol=dataclasses.replace(result.protocol, known_labels=False))
    matched = match_results([result, old], ["a", "b"])
    warnings = comparison_warnings([result, old], ["a", "b"], matched, [], [], "weighted_f1", 0.05)
    (said,) = (line for line in warnings if "What labels" in line)
    assert "differs" in said
    assert said.endswith("(those of its own corpus: a; all: b).")


def test_scores_stay_calibrated_only_where_training_barred_the_same(mixture: Any, labeler: Any) -> None:
    assert not evaluate_model(labeler, mixture, "test", draws=5).metrics["calibrated"]

    class Own(type(labeler)):  # type: ignore[misc]
        @property
        def settings(self) -> dict[str, Any]:
            return {**super().settings, "corpus": "toy"}

    assert evaluate_model(Own(), mixture, "test", draws=5).metrics["calibrated"]


def test_generated_answers_are_taken_as_they_are(mixture: Any, labeler: Any) -> None:
    labeler.answers, labeler.temperature = "generated, parsed exact", None
    result = evaluate_model(labeler, mixture, "test", draws=5)
    assert not result.protocol.known_labels
    assert {row.label for row in result.predictions if row.gold in HAS} > set(HAS)
