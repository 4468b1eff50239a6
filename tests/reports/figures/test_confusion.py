"""The picture of a confusion matrix."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from erckit.evaluation import ProtocolRun, Result
from erckit.labels import LabelSet
from erckit.reports import save_confusion_png


def _result(counts: list[list[int]]) -> Result:
    names = tuple(f"label {i}" for i in range(len(counts)))
    return Result(
        protocol=ProtocolRun("toy/test", "toy", "test", 2, 10, "weighted_f1", "dev", "none", True),
        system="fake",
        label_set=LabelSet(names),
        seeds=(1,),
        metrics={"weighted_f1": 0.5},
        runs=(),
        confusion=tuple(tuple(row) for row in counts),
        predictions=(),
        config={},
        versions={},
        hardware={},
        wall_seconds=0.0,
        tokens_processed=0,
    )


@pytest.mark.parametrize("counts", [[[5, 1], [0, 4]], [[0, 0, 0], [1, 2, 3], [0, 0, 9]]])
def test_a_png_is_written_whole_and_again_the_same(counts: list[list[int]], tmp_path: Path) -> None:
    path = save_confusion_png(_result(counts), tmp_path / "deep" / "c.png")
    first = path.read_bytes()
    assert first.startswith(b"\x89PNG\r\n\x1a\n")
    assert first.endswith(b"IEND\xaeB`\x82")
    assert save_confusion_png(_result(counts), path).read_bytes() == first
    assert [p.name for p in path.parent.iterdir()] == ["c.png"]


def test_darker_means_a_larger_share_of_the_gold_label(tmp_path: Path) -> None:
    from matplotlib.image import imread

    sure = imread(save_confusion_png(_result([[9, 1], [1, 9]]), tmp_path / "a.png"))
    swapped = imread(save_confusion_png(_result([[1, 9], [9, 1]]), tmp_path / "b.png"))
    assert sure.shape == swapped.shape
    assert (sure != swapped).any()


def test_pyplot_is_left_alone(tmp_path: Path) -> None:
    before = "matplotlib.pyplot" in sys.modules
    save_confusion_png(_result([[1, 0], [0, 1]]), tmp_path / "c.png")
    assert ("matplotlib.pyplot" in sys.modules) == before
