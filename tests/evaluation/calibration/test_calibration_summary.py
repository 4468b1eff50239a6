"""Calibration summaries: numbers from naive loops, several seeds, and files that lack something."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from erckit.errors import ResultError, SettingError
from erckit.evaluation import PredictionRow, ProtocolRun, Result, summarize_calibration
from erckit.evaluation.calibration.confidence_table import confidence_table
from erckit.labels import LabelSet

LABELS = LabelSet(("Glad", "Cross", "Neutral"), neutral="Neutral")


def made(seeds: int = 1, temperature: float | None = 1.6, conversations: int = 30, **changes: Any) -> Result:
    """A result whose labels are right about as often as their scores say."""
    predictions, runs = [], []
    for seed in range(1, seeds + 1):
        rng = np.random.default_rng(seed)
        gold_rng = np.random.default_rng(0)
        for c in range(conversations):
            for u in range(8):
                gold = LABELS.labels[gold_rng.integers(3)]
                top = float(rng.uniform(0.35, 0.95))
                label = gold if rng.random() < top else str(rng.choice([x for x in LABELS.labels if x != gold]))
                rest = round((1 - top) / 2, 4)
                scores = {name: round(top, 4) if name == label else rest for name in LABELS.labels}
                predictions.append(PredictionRow(f"c{c}", f"u{u}", gold, label, scores, seed))
        runs.append({"seed": seed, "temperature": temperature, "metrics": {}})
    result = Result(
        protocol=ProtocolRun(
            "toy/test", "toy", "test", conversations, 8 * conversations, "accuracy", "dev", "none", True
        ),
        system="fake",
        label_set=LABELS,
        seeds=tuple(range(1, seeds + 1)),
        metrics={"calibrated": temperature is not None},
        runs=tuple(runs),
        confusion=(),
        predictions=tuple(predictions),
        config={},
        versions={},
        hardware={},
        wall_seconds=0.0,
        tokens_processed=0,
    )
    return dataclasses.replace(result, **changes)


def test_a_single_run_against_naive_loops() -> None:
    result = made()
    found = summarize_calibration(result, (0.8, 0.999), draws=100)
    rows = sorted(((max(r.scores.values()), r.label == r.gold, r.label) for r in result.predictions), reverse=True)
    assert [row.coverage for row in found.coverages] == [1.0, 0.8, 0.6, 0.4, 0.2]
    for row in found.coverages:
        kept = rows[: round(row.coverage * len(rows))]
        assert row.accuracy == pytest.approx(np.mean([right for _, right, _ in kept]), abs=0.01)  # ties at the border
        assert row.threshold == kept[-1][0]
        assert row.neutral == pytest.approx(np.mean([label == "Neutral" for *_, label in kept]), abs=0.01)
        assert row.interval_95[0] < row.accuracy < row.interval_95[1]
        assert row.sd is None
    reached, never = found.wanted
    (point,) = reached.points
    assert point is not None
    kept = [right for confidence, right, _ in rows if confidence >= point.threshold]
    assert (len(kept), np.mean(kept)) == (point.utterances, pytest.approx(point.accuracy))
    assert point.accuracy >= 0.8
    assert reached.coverage == point.coverage == len(kept) / 240
    assert never.accuracy == 0.999
    assert found.aurc_sd is None
    assert sum(row.count for row in found.bins) == sum(row.count for row in found.equal_bins) == 240
    assert found.error.by_noise is not None
    assert found.error.value < 2 * found.error.by_noise[1]  # it was made calibrated


def test_before_scaling_is_found_from_the_temperature() -> None:
    result = made(temperature=1.6, conversations=200)
    found = summarize_calibration(result, draws=100)
    assert found.error_before is not None
    naive = [np.array(list(row.scores.values())) ** 1.6 for row in result.predictions]
    bins: dict[int, list[float]] = {}
    for powers, row in zip(naive, result.predictions, strict=True):
        confidence = powers.max() / powers.sum()
        bins.setdefault(int(np.ceil(confidence * 15)), []).append((row.label == row.gold) - confidence)
    expected = sum(abs(sum(gaps)) for gaps in bins.values()) / len(naive)
    assert found.error_before.value == pytest.approx(expected)
    assert found.error_before.value > found.error.value + 0.02
    assert found.error_before.interval_95 is not None
    assert found.error_before.interval_95[0] > 0
    text = "\n".join(found.lines())
    assert "before scaling" in text
    assert "temperature, fitted on dev: 1.600" in text
    assert "erckit label --min-confidence" in text
    assert "take the one for use from a result on dev" in text
    assert text.startswith("toy/test · 200 conversations, 1,600 utterances")


def test_stored_values_go_first_and_mapped_results_have_them_alone() -> None:
    metrics = {
        "calibrated": True,
        "expected_calibration_error": 0.031,
        "expected_calibration_error_uncalibrated": 0.082,
        "brier_score": 0.5,
        "brier_score_uncalibrated": 0.6,
    }
    plain = made(metrics=metrics)
    mapped = dataclasses.replace(plain, protocol=dataclasses.replace(plain.protocol, mapping="ekman"))
    for result, has_interval in ((plain, True), (mapped, False)):
        found = summarize_calibration(result, draws=100)
        assert found.error.value == 0.031
        assert found.error_before is not None
        assert found.error_before.value == 0.082
        assert (found.error_before.interval_95 is not None) is has_interval
        assert found.other == {"brier_score": 0.5, "brier_score_uncalibrated": 0.6}
        assert "0.6000" in "\n".join(found.lines())


def test_files_that_do_not_say_the_temperature() -> None:
    old = made(metrics={"calibrated": True}, runs=({"seed": 1, "metrics": {}},))
    found = summarize_calibration(old, draws=100)
    assert found.error_before is None
    assert "run 'erckit evaluate' again" in "\n".join(found.lines())
    bare = summarize_calibration(made(temperature=None), draws=100)
    assert bare.error_before is None
    assert "the scores are not calibrated" in "\n".join(bare.lines())


def test_several_seeds_are_averaged_per_run() -> None:
    whole = summarize_calibration(made(seeds=3), (0.8,), draws=100)
    result = made(seeds=3)
    singles = [
        summarize_calibration(
            dataclasses.replace(
                result,
                seeds=(seed,),
                runs=result.runs[:1],
                predictions=tuple(row for row in result.predictions if row.seed == seed),
            ),
            (0.8,),
            draws=100,
        )
        for seed in (1, 2, 3)
    ]
    assert whole.aurc == pytest.approx(np.mean([one.aurc for one in singles]))
    assert whole.aurc_sd == pytest.approx(np.std([one.aurc for one in singles], ddof=1))
    assert whole.error.value == pytest.approx(np.mean([one.error.value for one in singles]))
    for k, row in enumerate(whole.coverages):
        assert row.accuracy == pytest.approx(np.mean([one.coverages[k].accuracy for one in singles]))
    assert whole.wanted[0].points == tuple(one.wanted[0].points[0] for one in singles)
    assert sum(row.count for row in whole.bins) == 3 * 240
    assert "A threshold belongs to one trained model" in "\n".join(whole.lines())


def test_a_level_that_some_seeds_never_reach_counts_as_nothing() -> None:
    result = made(seeds=2)
    wrong = tuple(
        dataclasses.replace(row, gold="Glad", label="Cross") if row.seed == 2 else dataclasses.replace(row, gold="Glad")
        for row in result.predictions
    )
    (wanted,) = summarize_calibration(dataclasses.replace(result, predictions=wrong), (0.3,), draws=100).wanted
    assert wanted.points[1] is None
    assert wanted.points[0] is not None
    assert wanted.coverage == wanted.points[0].coverage / 2
    lines = summarize_calibration(dataclasses.replace(result, predictions=wrong), (0.3,), draws=100).lines()
    assert any("never" in line for line in lines)


def test_a_label_set_without_neutral_has_no_neutral_column() -> None:
    found = summarize_calibration(made(label_set=LabelSet(LABELS.labels)), draws=100)
    assert found.coverages[0].neutral is None
    assert "neutral" not in "\n".join(found.lines())


def test_it_can_be_written_as_json() -> None:
    found = summarize_calibration(made(seeds=2), draws=100)
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["coverages"][0]["coverage"] == 1.0
    assert data["wanted"][0]["accuracy"] == 0.6


def test_results_without_scores_and_levels_out_of_range_are_refused() -> None:
    with pytest.raises(ResultError, match="no scores of single utterances"):
        summarize_calibration(made(predictions=()))
    scoreless = tuple(dataclasses.replace(row, scores={}) for row in made().predictions)
    with pytest.raises(ResultError, match="no scores of single utterances"):
        confidence_table(made(predictions=scoreless))
    with pytest.raises(ResultError, match="do not cover the same utterances"):
        confidence_table(made(seeds=2, predictions=made(seeds=2).predictions[1:]))
    for level in (0.0, 60.0, -1.0):
        with pytest.raises(SettingError, match=r"0\.6 means"):
            summarize_calibration(made(), (level,))
