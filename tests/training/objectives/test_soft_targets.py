"""Soft targets: the mean of the teachers, mixed with gold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from erckit.errors import SettingError
from erckit.recipe.training_settings import TrainingSettings
from erckit.training.objectives.soft_targets import load_soft_targets


def _write(path: Path, corpus: Any, scores: dict[str, float], drop: int = 0) -> str:
    rows = [(c.id, u.id) for c in corpus.splits["train"] for u in c.utterances]
    rows = rows[::-1][drop:]  # the order of a result file does not matter
    predictions = [{"conversation": c, "utterance": u, "scores": scores} for c, u in rows]
    path.write_text(json.dumps({"predictions": predictions}))
    return str(path)


def test_mean_of_teachers_mixed_with_gold(tiny_corpus: Any, tmp_path: Path) -> None:
    first = _write(tmp_path / "a.json", tiny_corpus, {"Glad": 0.6, "Calm": 0.1, "Cross": 0.3})
    second = _write(tmp_path / "b.json", tiny_corpus, {"Calm": 0.3, "Cross": 0.5, "Glad": 0.2})
    settings = TrainingSettings(teachers=(first, second), teacher_share=0.25)
    train = tiny_corpus.splits["train"]
    found = load_soft_targets(settings, train, tiny_corpus.label_set)
    gold = [u.label for c in train for u in c.utterances]
    for row, label in zip(found, gold, strict=True):
        hard = torch.tensor([float(label == name) for name in ("Calm", "Cross", "Glad")])
        torch.testing.assert_close(row, 0.75 * hard + 0.25 * torch.tensor([0.2, 0.4, 0.4]))
    torch.testing.assert_close(found.sum(1), torch.ones(len(gold)))


def test_a_teacher_of_several_seeds_counts_with_their_mean(tiny_corpus: Any, tmp_path: Path) -> None:
    first = _write(tmp_path / "a.json", tiny_corpus, {"Calm": 0.1, "Cross": 0.3, "Glad": 0.6})
    second = _write(tmp_path / "b.json", tiny_corpus, {"Calm": 0.3, "Cross": 0.5, "Glad": 0.2})
    rows = [row for path in (first, second) for row in json.loads(Path(path).read_text())["predictions"]]
    (tmp_path / "both.json").write_text(json.dumps({"predictions": rows}))
    train, labels = tiny_corpus.splits["train"], tiny_corpus.label_set
    apart = load_soft_targets(TrainingSettings(teachers=(first, second)), train, labels)
    together = load_soft_targets(TrainingSettings(teachers=(str(tmp_path / "both.json"),)), train, labels)
    torch.testing.assert_close(together, apart)


def test_no_teachers_no_targets(tiny_corpus: Any) -> None:
    assert load_soft_targets(TrainingSettings(), tiny_corpus.splits["train"], tiny_corpus.label_set) is None


def test_teachers_that_do_not_fit_are_refused(tiny_corpus: Any, tmp_path: Path) -> None:
    scores = {"Calm": 0.3, "Cross": 0.5, "Glad": 0.2}
    (tmp_path / "broken.json").write_text("{")
    for path in (
        str(tmp_path / "missing.json"),
        str(tmp_path / "broken.json"),
        _write(tmp_path / "short.json", tiny_corpus, scores, drop=1),
        _write(tmp_path / "labels.json", tiny_corpus, {"Calm": 1.0}),
    ):
        with pytest.raises(SettingError, match="erckit evaluate"):
            load_soft_targets(TrainingSettings(teachers=(path,)), tiny_corpus.splits["train"], tiny_corpus.label_set)
