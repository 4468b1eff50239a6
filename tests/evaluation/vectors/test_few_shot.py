"""Few-shot evaluation against a naive loop, and with vectors whose answer is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid

from erckit.conversation import Conversation, Utterance
from erckit.errors import LabelSetError, ResultError, SettingError
from erckit.evaluation.results.result import Result
from erckit.evaluation.results.stored_result import load_results
from erckit.evaluation.run.fit_scorer import fit_scorer
from erckit.evaluation.vectors import few_shot as module
from erckit.evaluation.vectors.episodes import Task, draw_episodes
from erckit.evaluation.vectors.few_shot import evaluate_few_shot, format_few_shot
from erckit.evaluation.vectors.space_result import SpaceResult
from erckit.evaluation.vectors.split_vectors import SplitVectors, split_vectors
from erckit.labelling import Labeler
from erckit.labels import LabelSet

LABELS = LabelSet(tuple("abcd"))


@pytest.fixture(scope="module")
def labeler(trained_folder: Path) -> Labeler:
    return Labeler.from_pretrained(trained_folder, precision="fp32")


@pytest.fixture(scope="module")
def corpus(talk: Any) -> Any:
    """Enough conversations to draw from."""
    from erckit.corpora.corpus import Corpus

    splits = {
        name: tuple(talk(start + i, 5) for i in range(count))
        for name, start, count in (("train", 0, 12), ("dev", 50, 6), ("test", 100, 24))
    }
    unlabelled = Conversation("plain", (Utterance("1", "Ana", "hello"),))
    splits["test"] = (*splits["test"], unlabelled)
    return Corpus("tiny", "1", LabelSet(("Calm", "Cross", "Glad"), neutral="Calm"), splits)


def _placed(monkeypatch: pytest.MonkeyPatch, quality: float, backbone: float) -> list[Conversation]:
    """Vectors of 300 utterances: the label as a direction, times a quality, plus noise; and who said what."""
    rng = np.random.default_rng(0)
    gold, conversations = rng.integers(0, 4, 300), np.repeat(np.arange(50), 6)

    def vectors(strength: float) -> np.ndarray:
        return strength * np.eye(4, 12)[gold] + rng.normal(size=(300, 12))

    data = SplitVectors(vectors(quality), gold, conversations, ("x",) * 300, LABELS, "none", True)
    theirs = vectors(backbone)
    monkeypatch.setattr(module, "split_vectors", lambda *_, **__: data)
    monkeypatch.setattr(module, "backbone_vectors", lambda *_: theirs)
    said = [Utterance(str(n), "Ann", "x", LABELS.labels[label]) for n, label in enumerate(gold)]
    return [Conversation(str(c), tuple(said[6 * c : 6 * c + 6])) for c in range(50)]


@pytest.mark.parametrize(("quality", "backbone", "better"), [(4, 0, True), (1, 1, False), (0, 4, True)])
def test_a_difference_is_found_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, labeler: Labeler, quality: float, backbone: float, better: bool
) -> None:
    said = _placed(monkeypatch, quality, backbone)
    values = {"label_set": LABELS, "name": "toy", "version": "1", "mapping": "", "split": lambda self, name: said}
    corpus = type("Corpus", (), values)()
    found = evaluate_few_shot(labeler, corpus, "test", Task(3, 5), episodes=200)
    assert (found.metrics["p_value"] < 0.01) == better
    low, high = found.metrics["interval_95"]["difference_over_conversations"]
    assert (low > 0 or high < 0) == better
    assert np.sign(found.metrics["difference"]) == np.sign(quality - backbone) or not better
    assert low < found.metrics["difference"] < high
    for accuracy, strength in ((found.metrics["accuracy"], quality), (found.reference["accuracy"], backbone)):
        if strength == 4:
            assert accuracy > 0.9
        if strength == 0:
            assert accuracy == pytest.approx(1 / 3, abs=0.05)  # chance
    assert found.metrics["chance"] == pytest.approx(1 / 3)
    assert found.protocol["labels_seen_in_training"] == []


def test_accuracy_is_that_of_scikit_learn(labeler: Labeler, corpus: Any) -> None:
    found = evaluate_few_shot(labeler, corpus, "test", Task(2, 3, 4), episodes=30, seed=7, distance="euclidean")
    data = split_vectors(labeler, corpus, "test")
    assert len(data) == 24 * 5  # the utterance without a label is not drawn
    episodes = draw_episodes(data.gold, data.conversations, Task(2, 3, 4), 30, 7, range(3), "abc")
    for episode, accuracy in zip(episodes, found.runs[0]["accuracy"], strict=True):
        nearest = NearestCentroid().fit(data.vectors[episode.support.ravel()], np.repeat(episode.labels, 3))
        right = [nearest.score(data.vectors[q], data.gold[q]) for q in episode.queries]
        assert accuracy == pytest.approx(np.mean(right))
    assert found.protocol["labels_seen_in_training"] == ["Calm", "Cross", "Glad"]
    assert found.protocol["name"] == "tiny/test/2way-3shot"


def test_another_backbone_to_compare_with(labeler: Labeler, corpus: Any, tiny_backbone: Callable[[str], Path]) -> None:
    own = evaluate_few_shot(labeler, corpus, "test", Task(2, 3, 4), episodes=30)
    same, other = (
        evaluate_few_shot(labeler, corpus, "test", Task(2, 3, 4), episodes=30, backbone=str(folder))
        for folder in (labeler.pretrained.backbone_folder, tiny_backbone("mpnet"))
    )
    assert same.reference["accuracy"] == own.reference["accuracy"]
    assert other.reference["accuracy"] != own.reference["accuracy"]
    assert other.metrics["accuracy"] == own.metrics["accuracy"]
    assert "mpnet" in other.reference["system"]


def test_labels_to_draw_from(labeler: Labeler, corpus: Any) -> None:
    found = evaluate_few_shot(labeler, corpus, "test", Task(2, 3), episodes=5, labels=("Glad", "Calm"))
    assert found.protocol["labels"] == ["Glad", "Calm"]
    text = format_few_shot(found)
    assert text.startswith("tiny/test/2way-3shot · 24 conversations, 120 utterances · 5 episodes, seed 1")
    assert "labels drawn from Glad, Calm · labels of that name seen in training: Glad, Calm" in text
    assert "over the conversations of the queries, examples held fixed" in text
    assert "mapped" not in text
    mapped = evaluate_few_shot(labeler, replace(corpus, mapping="moods"), "test", Task(2, 3), episodes=5)
    assert "labels mapped to moods" in format_few_shot(mapped)
    with pytest.raises(LabelSetError, match="Did you mean 'Glad'"):
        evaluate_few_shot(labeler, corpus, "test", Task(2, 3), labels=("Glda", "Calm"))


@pytest.mark.parametrize(
    ("task", "labels", "said"),
    [
        (Task(9, 5), (), r"9way-5shot needs 9 labels, there are 3 \(Calm, Cross, Glad\)\. Ask for fewer"),
        (Task(2, 500), (), r"2way-500shot needs 2 labels, and tiny/test has 0 with enough utterances \(too few: Calm"),
        (Task(2, 500), ("Calm", "Glad"), r"tiny/test has too few utterances of Calm, Glad for 2way-500shot"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch, labeler: Labeler, corpus: Any, task: Task, labels: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr(module, "split_vectors", lambda *_, **__: pytest.fail("vectors were computed"))
    with pytest.raises(SettingError, match=said):
        evaluate_few_shot(labeler, corpus, "test", task, labels=labels)


def test_its_file_is_no_classification_score(labeler: Labeler, corpus: Any, tmp_path: Path) -> None:
    found = evaluate_few_shot(labeler, corpus, "test", Task(2, 2), episodes=5)
    path = found.save(tmp_path / "r.json")
    again = SpaceResult.load(path)
    assert again.metrics["accuracy"] == pytest.approx(found.metrics["accuracy"], abs=1e-5)
    assert format_few_shot(again) == format_few_shot(found)
    assert again.to_json() == path.read_text()
    assert "hello" not in path.read_text()
    with pytest.raises(ResultError, match="holds a few-shot result, which is no classification score"):
        Result.load(path)
    with pytest.raises(ResultError, match="holds no result"):
        load_results([tmp_path])
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 9}))
    with pytest.raises(ResultError, match="schema version 9"):
        SpaceResult.load(path)


@pytest.mark.parametrize("kind", ["prototypes", "neighbours"])
def test_labels_by_distance_to_the_train_split(labeler: Labeler, corpus: Any, kind: str) -> None:
    from erckit.evaluation import evaluate_model

    by_distance = fit_scorer(labeler, corpus, kind, distance="euclidean", k=5)
    result = evaluate_model(by_distance, corpus, "test", draws=100)
    assert result.system == f"{labeler.name}, {kind}"
    assert result.metrics["calibrated"]
    train, test = split_vectors(labeler, corpus, "train"), split_vectors(labeler, corpus, "test")
    if kind == "prototypes":
        expected = NearestCentroid().fit(train.vectors, train.gold).score(test.vectors, test.gold)
        assert result.metrics["accuracy"] == pytest.approx(expected)
    else:
        assert 0 < result.metrics["accuracy"] < 1
