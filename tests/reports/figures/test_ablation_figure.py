"""The picture of an ablation."""

from __future__ import annotations

import dataclasses
import random
import sys
from pathlib import Path

import pytest

from erckit.errors import ResultError
from erckit.evaluation.ablation.ablation_plan import load_ablation
from erckit.evaluation.ablation.ablation_result import Ablation, compare_rows
from erckit.evaluation.results.result import PredictionRow, ProtocolRun, Result
from erckit.evaluation.run.evaluate import single_result
from erckit.evaluation.run.seeds import aggregate_results
from erckit.labels import LabelSet
from erckit.reports import save_ablation_png

LABELS = LabelSet(("Glad", "Cross"))
PROTOCOL = ProtocolRun("toy/test", "toy", "test", 30, 90, "weighted_f1", "dev", "none", True)


def _result(skill: float, seed: int) -> Result:
    rng = random.Random(seed)
    rows = []
    for i in range(90):
        gold, other = rng.sample(LABELS.labels, 2)
        top = gold if rng.random() < skill else other
        rows.append(PredictionRow(f"c{i // 3}", f"u{i}", gold, top, dict.fromkeys(LABELS.labels, 0.5), seed))
    return single_result(
        rows, protocol=PROTOCOL, system="toy", label_set=LABELS, seed=seed, calibrated=True, config={},
        wall_seconds=0.0, tokens_processed=0, draws=50,
    )  # fmt: skip


@pytest.fixture(scope="module")
def ablation() -> Ablation:
    plan = load_ablation("emonet/ablation")
    results = {}
    for row, skill in zip(plan.rows[:3], (0.6, 0.62, 0.95), strict=True):
        one = _result(skill, 1)
        results[row.name] = aggregate_results(
            [one, dataclasses.replace(one, seeds=(2,), predictions=tuple(
                dataclasses.replace(p, seed=2) for p in one.predictions))], draws=50,
        )  # fmt: skip
    return compare_rows(plan, results, draws=400)


def test_a_png_is_written_whole_and_again_the_same(ablation: Ablation, tmp_path: Path) -> None:
    before = "matplotlib.pyplot" in sys.modules
    path = save_ablation_png(ablation, tmp_path / "deep" / "a.png")
    first = path.read_bytes()
    assert first.startswith(b"\x89PNG\r\n\x1a\n")
    assert first.endswith(b"IEND\xaeB`\x82")
    assert save_ablation_png(ablation, path).read_bytes() == first
    assert [p.name for p in path.parent.iterdir()] == ["a.png"]
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_told_apart_has_another_colour(ablation: Ablation, tmp_path: Path) -> None:
    """Three rows of which one differs from the first; without differences nothing but the legend is orange."""
    from matplotlib.image import imread

    def orange(table: Ablation) -> int:
        pixels = imread(save_ablation_png(table, tmp_path / "a.png"))[..., :3]
        return int((abs(pixels - [0xD5 / 255, 0x5E / 255, 0]).max(axis=-1) < 0.02).sum())

    assert [o.is_told_apart(o.to_base) for o in ablation.outcomes[:3]] == [False, False, True]
    same = tuple(dataclasses.replace(o, to_base=None) for o in ablation.outcomes)
    assert orange(ablation) > 2 * orange(dataclasses.replace(ablation, outcomes=same)) > 0


def test_rows_that_were_not_run_are_left_out(ablation: Ablation, tmp_path: Path) -> None:
    from matplotlib.image import imread

    heights = []
    for rows in (1, 3):
        some = dataclasses.replace(ablation, outcomes=ablation.outcomes[:rows])
        heights.append(imread(save_ablation_png(some, tmp_path / "a.png")).shape[0])
    assert heights[0] < heights[1] == imread(save_ablation_png(ablation, tmp_path / "a.png")).shape[0]
    with pytest.raises(ResultError, match="no row"):
        save_ablation_png(dataclasses.replace(ablation, outcomes=()), tmp_path / "b.png")
    assert not (tmp_path / "b.png").exists()
