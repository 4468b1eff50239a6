"""Conversations of a corpus that lacks some labels do not teach a model never to predict those."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from erckit.corpora.mixture import KNOWN_LABELS
from erckit.evaluation.run.evaluate import evaluate_model
from erckit.labelling import Labeler
from erckit.training.network_learner import NetworkLearner
from erckit.training.run import Run, train


@pytest.mark.trains
@pytest.mark.parametrize("r_drop", [0.0, 0.5])
def test_a_label_the_corpus_lacks_gets_no_gradient(
    tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path, r_drop: float
) -> None:
    def restricted(split: str) -> tuple[Any, ...]:
        return tuple(
            replace(
                c,
                meta={**c.meta, KNOWN_LABELS: ["Calm", "Glad"]},
                utterances=tuple(replace(u, label=None if u.label == "Cross" else u.label) for u in c.utterances),
            )
            for c in tiny_corpus.splits[split]
        )

    corpus = replace(tiny_corpus, splits={split: restricted(split) for split in ("train", "dev")})
    recipe = tiny_recipe(training={"label_smoothing": 0.2, "r_drop": r_drop, "class_weights": "none"})
    run = Run(recipe, corpus, tmp_path, True, 1e9)
    training = run.learner
    assert isinstance(training, NetworkLearner)
    chosen = list(range(len(training.data.prepared)))
    inputs, _ = training.preparation.inputs(training.data.prepared, chosen)
    inputs = inputs.with_outside(torch.zeros(0, training.model.encoder.width))
    training.loss((chosen, inputs), run.moment()).backward()
    gradient = training.model.classifier.weight.grad
    assert gradient is not None
    barred = corpus.label_set.index("Cross")
    assert gradient[barred].abs().max() == 0
    assert gradient[corpus.label_set.index("Glad")].abs().max() > 0
    # and dev is scored among the labels it has
    assert run._dev_logits().argmax(1).tolist().count(barred) == 0


@pytest.mark.trains
def test_dev_is_scored_as_evaluate_scores_it(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    dev = tuple(
        replace(
            c,
            meta={**c.meta, KNOWN_LABELS: ["Calm", "Glad"]},
            utterances=tuple(replace(u, label="Glad" if u.label == "Cross" else u.label) for u in c.utterances),
        )
        for c in tiny_corpus.splits["dev"]
    )
    corpus = replace(tiny_corpus, splits={**tiny_corpus.splits, "dev": dev})
    labeler = Labeler.from_pretrained(train(tiny_recipe(), corpus, tmp_path, quiet=True), precision="fp32")
    result = evaluate_model(labeler, corpus, "dev", draws=10)
    assert "Cross" not in {row.label for row in result.predictions}
    for name in ("weighted_f1", "accuracy"):
        assert result.metrics[name] == pytest.approx(labeler.scores["dev"][name])
