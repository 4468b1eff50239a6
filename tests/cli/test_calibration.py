"""``erckit calibration`` on result files."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from erckit.cli.main import main
from erckit.evaluation import PredictionRow, ProtocolRun, Result
from erckit.labels import LabelSet


@pytest.fixture
def one(tmp_path: Path) -> Path:
    return _saved(tmp_path / "one.json", seed=1)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return _saved(tmp_path / "other.json", seed=2)


def _saved(path: Path, seed: int) -> Path:
    """A result whose labels are right a little less often than their scores say."""
    rng, rows = random.Random(seed), []
    for i in range(200):
        score = round(rng.uniform(0.5, 1), 4)
        label = "a" if rng.random() < score - 0.1 else "b"
        scores = {label: score, "ab".replace(label, ""): round(1 - score, 4)}
        rows.append(PredictionRow(f"c{i // 5}", f"u{i}", "a", label, scores, seed))
    metrics = {"weighted_f1": 0.0, "accuracy": 0.0, "macro_f1": 0.0, "per_class": {}, "interval_95": {}}
    Result(
        protocol=ProtocolRun("toy/test", "toy", "test", 40, 200, "accuracy", "dev", "none", True),
        system="fake",
        label_set=LabelSet(("a", "b")),
        seeds=(seed,),
        metrics={**metrics, "calibrated": True},
        runs=({"seed": seed, "temperature": 1.3, "metrics": {}},),
        confusion=(),
        predictions=tuple(rows),
        config={},
        versions={},
        hardware={},
        wall_seconds=0.0,
        tokens_processed=0,
    ).save(path)
    return path


def test_text_json_and_figures(one: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    png, curve, out = tmp_path / "r.png", tmp_path / "c.png", tmp_path / "c.json"
    options = ["--accuracy", "0.6", "--png", str(png), "--curve", str(curve), "--json", str(out), "--draws", "100"]
    assert main(["calibration", str(one), *options]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("toy/test · 40 conversations, 200 utterances")
    assert "--min-confidence" in printed.out
    assert printed.err.count("wrote ") == 3
    assert png.stat().st_size > 10_000
    assert curve.stat().st_size > 10_000
    data = json.loads(out.read_text(encoding="utf-8"))
    (wanted,) = data["wanted"]
    assert wanted["accuracy"] == 0.6
    assert wanted["points"][0]["accuracy"] >= 0.6
    assert data["error_before"]["value"] > data["error"]["value"]


def test_the_threshold_is_what_label_takes(one: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A label is kept from the threshold on, as ``erckit label --min-confidence`` keeps it."""
    out = tmp_path / "c.json"
    assert main(["calibration", str(one), "--accuracy", "0.6", "--json", str(out), "--draws", "100", "-q"]) == 0
    point = json.loads(out.read_text(encoding="utf-8"))["wanted"][0]["points"][0]
    rows = json.loads(one.read_text(encoding="utf-8"))["predictions"]
    kept = [row["label"] == row["gold"] for row in rows if max(row["scores"].values()) >= point["threshold"]]
    assert len(kept) == point["utterances"]
    assert sum(kept) / len(kept) == pytest.approx(point["accuracy"])
    assert f"{point['threshold']:.4f}" in capsys.readouterr().out


def test_several_results_in_one_figure(
    one: Path, other: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    curve = tmp_path / "c.png"
    assert main(["calibration", str(one), str(other), "--curve", str(curve), "--draws", "100", "-q"]) == 0
    printed = capsys.readouterr()
    assert printed.out.count("system: fake") == 2
    assert printed.err == ""
    assert curve.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ONE", "--accuracy", "60"], "0.6 means 60 %"),
        (["ONE", "OTHER", "--png", "r.png"], "use --curve for several"),
        (["none.json"], "cannot be read"),
        (["ONE", "--json", "ONE"], "overwritten"),
    ],
)
def test_what_is_refused(
    arguments: list[str], message: str, one: Path, other: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = {"ONE": str(one), "OTHER": str(other)}
    assert main(["calibration", *(named.get(part, part) for part in arguments)]) != 0
    shown = " ".join(capsys.readouterr().err.split())
    assert message in shown
    assert "Traceback" not in shown
