"""The forced choice on a model: chance for vectors that know nothing, and no word that it is a classification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from erckit.errors import ResultError
from erckit.evaluation.results.result import Result
from erckit.evaluation.vectors import forced_choice as module
from erckit.evaluation.vectors.forced_choice import evaluate_forced_choice, format_forced_choice
from erckit.evaluation.vectors.space_result import SpaceResult
from erckit.evaluation.vectors.split_vectors import SplitVectors, split_vectors
from erckit.labelling import Labeler
from erckit.labels import LabelSet

LABELS = LabelSet(("anger", "disgust", "fear", "happiness", "no emotion", "sadness", "surprise"), neutral="no emotion")
CUT = (115, 47, 16, 987, 6253, 102, 115)  # DailyDialog's test split after 15 utterances


@pytest.fixture(scope="module")
def labeler(trained_folder: Path) -> Labeler:
    return Labeler.from_pretrained(trained_folder, precision="fp32")


def _daily(monkeypatch: pytest.MonkeyPatch, strength: float, mapping: str = "", cut: tuple[int, ...] = CUT) -> Any:
    rng, gold = np.random.default_rng(0), np.repeat(np.arange(7), cut)
    vectors = strength * np.eye(7, 16)[gold] + rng.normal(size=(len(gold), 16))
    data = SplitVectors(vectors, gold, np.arange(len(gold)) // 8, ("x",) * len(gold), LABELS, "none", True)
    monkeypatch.setattr(module, "split_vectors", lambda *_, **__: data)
    monkeypatch.setattr(module, "backbone_vectors", lambda *_, **__: np.zeros((len(gold), 2)))  # all ties: always right
    return type("Corpus", (), {"name": "dailydialog", "version": "1", "label_set": LABELS, "mapping": mapping})()


def test_vectors_that_know_nothing_get_chance_and_not_a_seventh(
    monkeypatch: pytest.MonkeyPatch, labeler: Labeler
) -> None:
    found = evaluate_forced_choice(labeler, _daily(monkeypatch, 0.0), seeds=range(1, 6))
    assert found.protocol["draws"] == 7635
    assert found.metrics["mean"]["macro_f1_no_neutral"] == pytest.approx(0.5, abs=0.03)  # 16 "fear" vectors by chance
    assert found.metrics["mean"]["mcc"] == pytest.approx(0.417, abs=0.03)
    simulated = found.reference["chance_simulated"]["mean"]
    assert simulated["macro_f1_no_neutral"] == pytest.approx(0.5, abs=0.01)
    assert simulated["mcc"] == pytest.approx(found.reference["chance"]["mcc"], abs=0.01)
    assert found.reference["backbone"]["mean"]["macro_f1_no_neutral"] == 1
    text = format_forced_choice(found)
    assert "dailydialog/forced-choice · 955 conversations cut after 15 utterances, 7,635 utterances" in text
    assert "draws of seeds 1, 2, 3, 4, 5" in text
    assert "This is no classification score." in text
    assert "57.71" in text


def test_labels_that_lie_apart_get_a_high_score(monkeypatch: pytest.MonkeyPatch, labeler: Labeler) -> None:
    found = evaluate_forced_choice(labeler, _daily(monkeypatch, 4.0), seeds=(1, 2))
    assert found.metrics["mean"]["macro_f1_no_neutral"] > 0.8


@pytest.mark.parametrize(
    ("mapping", "cut", "published"),
    [("", CUT, True), ("ekman", CUT, False), ("", (*CUT[:6], 114), False), ("", (*CUT[:5], 0, 217), False)],
)
def test_the_published_figure_stands_beside_its_own_questions_only(
    monkeypatch: pytest.MonkeyPatch, labeler: Labeler, mapping: str, cut: tuple[int, ...], published: bool
) -> None:
    found = evaluate_forced_choice(labeler, _daily(monkeypatch, 0.0, mapping, cut), seeds=(1,))
    text = format_forced_choice(found)
    assert ("published" in found.reference) == ("57.71" in text) == published
    assert found.protocol["mapping"] == mapping
    assert ("labels mapped to ekman" in text) == bool(mapping)


def test_one_draw_has_no_spread(monkeypatch: pytest.MonkeyPatch, labeler: Labeler) -> None:
    corpus = _daily(monkeypatch, 0.0)
    assert "±" not in format_forced_choice(evaluate_forced_choice(labeler, corpus, seeds=(1,)))
    assert "±" in format_forced_choice(evaluate_forced_choice(labeler, corpus, seeds=(1, 2)))


def test_on_a_corpus(labeler: Labeler, tiny_corpus: Any, tmp_path: Path) -> None:
    found = evaluate_forced_choice(labeler, tiny_corpus, "dev", seeds=(3,))
    assert found.protocol["name"] == "tiny/forced-choice-dev"
    assert found.protocol["draws"] == sum(map(len, tiny_corpus.splits["dev"]))
    assert "published" not in found.reference
    again = SpaceResult.load(found.save(tmp_path / "r.json"))
    assert format_forced_choice(again) == format_forced_choice(found)
    with pytest.raises(ResultError, match="holds a forced-choice result"):
        Result.load(tmp_path / "r.json")


def test_conversations_are_cut(labeler: Labeler, tiny_corpus: Any) -> None:
    cut = split_vectors(labeler, tiny_corpus, "test", longest=3)
    assert np.bincount(cut.conversations).max() == 3
    whole = split_vectors(labeler, tiny_corpus, "test")
    assert len(whole) > len(cut)
    expected = [u.text for one in tiny_corpus.splits["test"] for u in one.utterances[:3]]
    assert list(cut.texts) == expected
