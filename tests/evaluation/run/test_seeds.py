"""Several seeds: resumed, never recomputed, and summed up as a naive loop would."""

from __future__ import annotations

import dataclasses
import json
import statistics
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from erckit.errors import ErckitError, ResultError, SettingError
from erckit.evaluation import Result, aggregate_results, evaluate_model, evaluate_recipe, format_result
from erckit.metrics.bootstrap import resample


@dataclasses.dataclass(frozen=True)
class FakeTraining:
    rate: float = 0.1
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class FakeRecipe:
    training: FakeTraining = FakeTraining()

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, labeler: Any) -> list[int]:
    """Stands in for training and loading; lists the seeds that were trained."""
    seeds: list[int] = []

    def train(recipe: FakeRecipe, corpus: Any, out: Path, quiet: bool, resume: bool) -> Path:
        assert resume
        seeds.append(recipe.training.seed)
        (out / "model").mkdir(parents=True, exist_ok=True)
        return out / "model"

    def from_pretrained(folder: Path, keeps_vectors: bool = False) -> Any:
        seed = int(folder.parent.name.removeprefix("seed-"))
        return dataclasses.replace(labeler, seed=seed, calls=[], tokens_processed=0)

    training, labelling = types.ModuleType("erckit.training.run"), types.ModuleType("erckit.labelling")
    training.train = train  # type: ignore[attr-defined]
    labelling.Labeler = types.SimpleNamespace(from_pretrained=from_pretrained)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "erckit.training.run", training)
    monkeypatch.setitem(sys.modules, "erckit.labelling", labelling)
    return seeds


def test_mean_and_sample_deviation(corpus: Any, trained: list[int], tmp_path: Path) -> None:
    result = evaluate_recipe(FakeRecipe(), corpus, "test", [3, 1, 2], tmp_path, draws=30)
    assert trained == [3, 1, 2]
    assert result.seeds == (3, 1, 2)
    scores = []
    for seed in (3, 1, 2):
        rows = [row for row in result.predictions if row.seed == seed]
        scores.append(f1_score([r.gold for r in rows], [r.label for r in rows], average="weighted"))
    assert len(set(scores)) == 3
    assert result.metrics["weighted_f1"] == result.mean["weighted_f1"] == pytest.approx(statistics.mean(scores))
    assert result.sd["weighted_f1"] == pytest.approx(statistics.stdev(scores))
    assert [run["seed"] for run in result.runs] == [3, 1, 2]
    assert sum(map(sum, result.confusion)) == 3 * 120
    assert Result.load(tmp_path / "test.json").to_json() == result.to_json()
    assert "seeds 3, 1, 2" in format_result(result)
    assert "seed" not in result.config["training"]


def test_the_interval_resamples_the_mean_over_seeds(corpus: Any, trained: list[int], tmp_path: Path) -> None:
    result = evaluate_recipe(FakeRecipe(), corpus, "test", [1, 2], tmp_path, draws=40)
    names = [c.id for c in corpus.splits["test"]]
    means = []
    for drawn in resample(len(names), 40, seed=0):
        runs = []
        for seed in (1, 2):
            rows = [r for c in drawn for r in result.predictions if r.seed == seed and r.conversation == names[c]]
            runs.append(
                f1_score(
                    [r.gold for r in rows],
                    [r.label for r in rows],
                    labels=list(corpus.label_set.labels),
                    average="macro",
                    zero_division=0,
                )
            )
        means.append(np.mean(runs))
    assert result.metrics["interval_95"]["macro_f1"] == pytest.approx(list(np.quantile(means, [0.025, 0.975])))


def test_a_finished_seed_is_not_trained_again(corpus: Any, trained: list[int], tmp_path: Path) -> None:
    first = evaluate_recipe(FakeRecipe(), corpus, "test", [1, 2], tmp_path, draws=10)
    second = evaluate_recipe(FakeRecipe(), corpus, "test", [1, 2, 3], tmp_path, draws=10)
    assert trained == [1, 2, 3]
    assert second.runs[:2] == first.runs
    (tmp_path / "seed-2" / "test.json").unlink()
    third = evaluate_recipe(FakeRecipe(), corpus, "test", [1, 2, 3], tmp_path, draws=10)
    assert trained == [1, 2, 3, 2]
    assert third.metrics["weighted_f1"] == second.metrics["weighted_f1"]


def test_one_seed_is_a_plain_result(corpus: Any, trained: list[int], tmp_path: Path) -> None:
    result = evaluate_recipe(FakeRecipe(), corpus, "dev", [7], tmp_path, draws=10)
    assert (result.seeds, result.sd, len(result.runs)) == ((7,), {}, 1)


def test_a_folder_of_another_recipe_is_refused(corpus: Any, trained: list[int], tmp_path: Path) -> None:
    evaluate_recipe(FakeRecipe(), corpus, "test", [1], tmp_path, draws=5)
    with pytest.raises(ErckitError, match=r"recipe\.training\.rate: 0\.1 there, 0\.2 now"):
        evaluate_recipe(FakeRecipe(FakeTraining(rate=0.2)), corpus, "test", [1], tmp_path, draws=5)
    assert trained == [1]


def test_runs_that_a_version_without_a_setting_recorded_are_of_the_same_recipe(
    corpus: Any, trained: list[int], tmp_path: Path
) -> None:
    evaluate_recipe(FakeRecipe(), corpus, "test", [1], tmp_path, draws=5)
    recorded = json.loads((tmp_path / "recipe.json").read_text())
    del recorded["recipe"]["training"]["rate"]
    (tmp_path / "recipe.json").write_text(json.dumps(recorded))
    evaluate_recipe(FakeRecipe(), corpus, "test", [1, 2], tmp_path, draws=5)
    assert trained == [1, 2]
    with pytest.raises(ErckitError, match=r"rate: 0\.1 there, 0\.2 now"):
        evaluate_recipe(FakeRecipe(FakeTraining(rate=0.2)), corpus, "test", [1], tmp_path, draws=5)
    recorded["recipe"]["training"]["gone"] = 3
    (tmp_path / "recipe.json").write_text(json.dumps(recorded))
    with pytest.raises(ErckitError, match=r"training\.gone: 3 there"):
        evaluate_recipe(FakeRecipe(), corpus, "test", [1], tmp_path, draws=5)
    for broken in ("[]", '{"recipe": 3}', "{"):
        (tmp_path / "recipe.json").write_text(broken)
        with pytest.raises(ErckitError, match="choose another --out"):
            evaluate_recipe(FakeRecipe(), corpus, "test", [1], tmp_path, draws=5)


def test_each_training_is_announced_and_finished_ones_are_not(corpus: Any, trained: list[int], tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    for seeds in ([4, 2], [4, 2, 3]):
        evaluate_recipe(
            FakeRecipe(), corpus, "test", seeds, tmp_path, draws=5, before_seed=lambda s: told.append((s, len(trained)))
        )
    assert told == [(4, 0), (2, 1), (3, 2)]


def test_seeds_must_be_distinct(corpus: Any, tmp_path: Path) -> None:
    for seeds in ([], [1, 1]):
        with pytest.raises(SettingError, match="distinct"):
            evaluate_recipe(FakeRecipe(), corpus, "test", seeds, tmp_path)


def test_results_that_do_not_belong_together_are_refused(corpus: Any, labeler: Any) -> None:
    one = evaluate_model(labeler, corpus, "test", draws=5)
    with pytest.raises(ResultError, match="seed of its own"):
        aggregate_results([one, one])
    other = evaluate_model(dataclasses.replace(labeler, seed=2), corpus, "dev", draws=5)
    with pytest.raises(ResultError, match="cannot be averaged"):
        aggregate_results([one, other])
    with pytest.raises(ResultError, match="no result"):
        aggregate_results([])
    short = dataclasses.replace(one, predictions=one.predictions[1:], seeds=(2,))
    with pytest.raises(ResultError, match="same utterances"):
        aggregate_results([one, short])
