"""Baselines over seeds: laid out as a recipe's runs, resumable, one run where nothing is drawn."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from erckit.corpora.corpus import Corpus
from erckit.errors import CorpusError, ErckitError, SettingError
from erckit.evaluation import Result
from erckit.evaluation.run.evaluate_baseline import evaluate_baseline
from erckit.models.baselines import BASELINES, baseline_class
from erckit.models.baselines.baseline import FittedBaseline


def test_every_name_is_a_baseline() -> None:
    for name in BASELINES:
        assert issubclass(baseline_class(name), FittedBaseline)
    with pytest.raises(SettingError, match="Did you mean 'baseline/chance'"):
        baseline_class("baseline/chanse")


def test_chance_runs_every_seed_once(toy: Corpus, tmp_path: Path) -> None:
    first = evaluate_baseline("baseline/chance", toy, "test", (1, 2), tmp_path, draws=20)
    assert first.system == "baseline-chance"
    assert first.seeds == (1, 2)
    assert first.sd["accuracy"] > 0
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.glob("seed-*/test.json")}
    assert len(stamps) == 2
    second = evaluate_baseline("baseline/chance", toy, "test", (1, 2, 3), tmp_path, draws=20)
    assert second.seeds == (1, 2, 3)
    assert second.runs[:2] == first.runs
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    assert Result.load(tmp_path / "test.json") == second


def test_what_draws_nothing_runs_once_and_says_so(toy: Corpus, tmp_path: Path) -> None:
    remarks: list[str] = []
    result = evaluate_baseline("baseline/majority", toy, "test", range(1, 6), tmp_path, draws=20, remark=remarks.append)
    assert result.seeds == (1,)
    assert remarks == ["baseline/majority draws nothing: one run stands for all 5 seeds"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recipe.json", "seed-1", "test.json"]
    assert result.training_seconds is not None


def test_nothing_is_kept_without_a_folder(toy: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert evaluate_baseline("baseline/majority", toy, "dev", draws=20).seeds == (1,)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_another_system_or_mapping_is_refused(toy: Corpus, tmp_path: Path) -> None:
    evaluate_baseline("baseline/majority", toy, "test", (1,), tmp_path, draws=20)
    with pytest.raises(ErckitError, match="holds runs of other settings"):
        evaluate_baseline("baseline/chance", toy, "test", (1,), tmp_path, draws=20)
    mapped = dataclasses.replace(toy, mapping="ekman")
    with pytest.raises(ErckitError, match="holds runs of other settings"):
        evaluate_baseline("baseline/majority", mapped, "test", (1,), tmp_path, draws=20)


def test_a_split_that_is_not_there_is_told_before_fitting(toy: Corpus, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="Did you mean 'test'"):
        evaluate_baseline("baseline/tfidf", toy, "tst", (1,), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.process
def test_baselines_do_not_load_torch() -> None:
    code = (
        "import sys\n"
        "from erckit.corpora.corpus import Corpus\n"
        "from erckit.conversation import Conversation, Utterance\n"
        "from erckit.labels import LabelSet\n"
        "from erckit.models.baselines import BASELINES\n"
        "from erckit.evaluation.run.evaluate_baseline import evaluate_baseline\n"
        "said = tuple(Utterance(str(i), 'A', 'good' if i % 2 else 'bad', 'ab'[i % 2]) for i in range(8))\n"
        "split = (Conversation('c', said),)\n"
        "corpus = Corpus('toy', '1', LabelSet(('a', 'b')), {'train': split, 'dev': split})\n"
        "for name in BASELINES: evaluate_baseline(name, corpus, 'dev', draws=5)\n"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
