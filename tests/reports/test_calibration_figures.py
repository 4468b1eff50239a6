"""Reliability and risk-coverage figures: written whole, the same again, and only for results of one protocol."""

from __future__ import annotations

import dataclasses
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from erckit.errors import ErckitError, ResultError
from erckit.evaluation import PredictionRow, ProtocolRun, Result
from erckit.labels import LabelSet
from erckit.reports import save_reliability_png, save_risk_coverage_png
from erckit.reports.figures.series_styles import MOST, series_styles


def _result(seeds: int = 1, temperature: float | None = 1.5, top: float | None = None, utterances: int = 80) -> Result:
    rng = np.random.default_rng(0)
    rows = []
    for seed in range(seeds):
        for i in range(utterances):
            score = round(float(rng.uniform(0.5, 1)), 4) if top is None else top
            label = "a" if rng.random() < score else "b"
            scores = {label: score, "ab".replace(label, ""): round(1 - score, 4)}
            rows.append(PredictionRow(f"c{i // 5}", f"u{i}", "a", label, scores, seed))
    return Result(
        protocol=ProtocolRun("toy/test", "toy", "test", 16, utterances, "accuracy", "dev", "none", True),
        system="fake",
        label_set=LabelSet(("a", "b")),
        seeds=tuple(range(seeds)),
        metrics={"accuracy": 0.5, "calibrated": temperature is not None},
        runs=tuple({"seed": seed, "temperature": temperature, "metrics": {}} for seed in range(seeds)),
        confusion=(),
        predictions=tuple(rows),
        config={},
        versions={},
        hardware={},
        wall_seconds=0.0,
        tokens_processed=0,
    )


def _size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png.endswith(b"IEND\xaeB`\x82")
    return struct.unpack(">II", png[16:24])  # type: ignore[return-value]


SAVED = pytest.mark.parametrize(
    "save",
    [
        lambda result, path: save_reliability_png(result, path, draws=50),
        lambda result, path: save_risk_coverage_png([result], path, draws=50),
    ],
    ids=["reliability", "risk_coverage"],
)


@SAVED
@pytest.mark.parametrize(
    "result",
    [_result(), _result(temperature=None), _result(top=1.0, temperature=None), _result(utterances=5)],
    ids=["one", "unscaled", "constant", "few"],
)
def test_figures_are_written_whole(save: Callable[[Result, Path], Path], result: Result, tmp_path: Path) -> None:
    assert min(_size(save(result, tmp_path / "figure.png").read_bytes())) > 600


@SAVED
def test_figures_are_written_again_the_same(save: Callable[[Result, Path], Path], tmp_path: Path) -> None:
    before = "matplotlib.pyplot" in sys.modules
    first, again = (save(_result(seeds=3), tmp_path / name).read_bytes() for name in ("deep/figure.png", "again.png"))
    assert min(_size(first)) > 600
    assert again == first
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_two_panels_where_the_scores_before_scaling_are_known(tmp_path: Path) -> None:
    both = save_reliability_png(_result(), tmp_path / "both.png", draws=50).read_bytes()
    one = save_reliability_png(_result(temperature=None), tmp_path / "one.png", draws=50).read_bytes()
    assert _size(both)[0] > 1.5 * _size(one)[0]


def test_more_systems_get_a_taller_figure_with_the_list_below(tmp_path: Path) -> None:
    few = save_risk_coverage_png([_result()] * 5, tmp_path / "few.png", names="abcde").read_bytes()
    many = save_risk_coverage_png([_result()] * 9, tmp_path / "many.png", names="abcdefghi").read_bytes()
    assert _size(many)[1] > _size(few)[1]


def test_results_of_two_protocols_are_refused(tmp_path: Path) -> None:
    one = _result()
    others = [
        dataclasses.replace(one, protocol=dataclasses.replace(one.protocol, name="toy/dev")),
        dataclasses.replace(one, protocol=dataclasses.replace(one.protocol, mapping="ekman")),
        dataclasses.replace(one, protocol=dataclasses.replace(one.protocol, utterances=79)),
    ]
    for other in others:
        with pytest.raises(ResultError, match="one protocol"):
            save_risk_coverage_png([one, other], tmp_path / "c.png")
    with pytest.raises(ResultError, match="no result"):
        save_risk_coverage_png([], tmp_path / "c.png")
    with pytest.raises(ResultError, match="as many names"):
        save_risk_coverage_png([one], tmp_path / "c.png", names=["a", "b"])
    assert not (tmp_path / "c.png").exists()


def test_no_two_systems_look_the_same() -> None:
    styles = series_styles(MOST)
    assert len({(style.marker, style.line) for style in styles}) == MOST
    assert len({style.colour for style in styles[:9]}) == 9
    with pytest.raises(ErckitError, match="cannot be told apart"):
        series_styles(MOST + 1)
