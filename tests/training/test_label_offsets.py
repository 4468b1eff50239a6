"""Offsets chosen on dev: against a search through all of them, and through a model folder."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from erckit.errors import ModelFolderError
from erckit.labelling.labeler import Labeler
from erckit.labels import LabelSet
from erckit.model_folder.adapter_folder import read_adapter_folder
from erckit.storage.manifest import write_manifest
from erckit.training.label_offsets import best_label_offsets
from erckit.training.run import train

LABELS = LabelSet(("calm", "glad", "sad"))


def _answers(seed: int, n: int = 400) -> tuple[NDArray[np.float64], list[int]]:
    """Logits that are right two times of three, and say the last label too seldom."""
    rng = np.random.default_rng(seed)
    gold = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    logits = rng.normal(size=(n, 3)) + 1.5 * np.eye(3)[gold]
    logits[:, 2] -= 1.7
    return logits, gold.tolist()


@pytest.mark.parametrize(("metric", "average"), [("weighted_f1", "weighted"), ("macro_f1", "macro")])
@pytest.mark.parametrize("seed", [1, 2])
def test_nearly_the_best_of_all(metric: str, average: str, seed: int) -> None:
    logits, gold = _answers(seed)

    def score(offsets: Any) -> float:
        return float(f1_score(gold, (logits + np.array(offsets)).argmax(1), average=average))

    def quick_score(offsets: Any) -> float:
        """The same in a hundredth of the time."""
        predicted = (logits + np.array(offsets)).argmax(1)
        true, said = (np.bincount(some, minlength=3) for some in (np.array(gold)[gold == predicted], predicted))
        per_label = 2 * true / (np.bincount(gold, minlength=3) + said)
        return float(np.average(per_label, weights=np.bincount(gold) if average == "weighted" else None))

    found = best_label_offsets(logits, gold, LABELS, metric)
    grid = np.arange(-2.4, 2.5, 0.2)
    best = max(
        quick_score((0, *rest)) for rest in itertools.product(grid, grid)
    )  # adding the same to all changes nothing
    assert quick_score(found) == pytest.approx(score(found), abs=1e-12)
    assert score(found) > best - 0.015
    assert score(found) > score((0, 0, 0)) + 0.05
    assert found[2] - found[0] > 0.5


def test_other_utterances_gain_too() -> None:
    logits, gold = _answers(3)
    offsets = best_label_offsets(logits, gold, LABELS, "weighted_f1")
    others, truth = _answers(4)
    assert f1_score(truth, (others + offsets).argmax(1), average="weighted") > 0.04 + f1_score(
        truth, others.argmax(1), average="weighted"
    )


def test_nothing_is_moved_without_gain() -> None:
    gold = [0, 1, 2] * 10
    assert not best_label_offsets(np.eye(3)[gold], gold, LABELS, "weighted_f1").any()


def test_an_impossible_label_stays_so() -> None:
    logits, gold = _answers(5)
    logits[:, 2] = -np.inf
    logits[:, 1] -= 2
    offsets = best_label_offsets(logits, gold, LABELS, "weighted_f1")
    assert np.isfinite(offsets).all()
    assert offsets[1] - offsets[0] > 0.5
    assert not ((logits + offsets).argmax(1) == 2).any()


@pytest.mark.trains
def test_a_folder_keeps_and_uses_them(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path
) -> None:
    corpus = ruled_corpus(12)
    names = corpus.label_set.labels
    plain, adjusted = tmp_path / "plain" / "model", tmp_path / "adjusted" / "model"
    few: dict[str, Any] = {"training": {"batch_tokens": 400, "backbone_rate": 3e-3}}
    train(llm_recipe(**few), corpus, plain.parent, quiet=True)
    few["training"]["llm"] = {"adjusts_labels": True}
    train(llm_recipe(**few), corpus, adjusted.parent, quiet=True)
    told = json.loads((adjusted / "calibration.json").read_text())["offsets"]
    assert set(told) == set(names)
    assert any(told.values())
    assert "offsets" not in json.loads((plain / "calibration.json").read_text())
    assert "Added to the labels' scores" in (adjusted / "README.md").read_text()

    dev = corpus.split("dev")
    before, after = (
        np.concatenate(Labeler.from_pretrained(folder, precision="fp32").logits(dev)) for folder in (plain, adjusted)
    )
    np.testing.assert_allclose(after - before, np.tile([told[name] for name in names], (len(after), 1)), atol=1e-4)
    gold = [names.index(u.label) for c in dev for u in c.utterances]
    scores = json.loads((adjusted / "config.json").read_text())["scores"]
    for logits, name in ((before, "dev_unadjusted"), (after, "dev")):
        score = f1_score(gold, logits.argmax(1), average="weighted", zero_division=0)
        assert score == pytest.approx(scores[name]["weighted_f1"])
    assert scores["dev"]["weighted_f1"] > scores["dev_unadjusted"]["weighted_f1"]

    for value in ({**told, names[0]: float("nan")}, {names[0]: 1.0}, [1.0]):
        (adjusted / "calibration.json").write_text(json.dumps({"temperature": 1.0, "offsets": value}))
        write_manifest(adjusted)
        with pytest.raises(ModelFolderError, match="not a model folder that can be read"):
            read_adapter_folder(adjusted)
