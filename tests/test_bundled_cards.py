"""What a bundled model's card says of its scores is what the result files say."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from erckit.evaluation import Result

ROOT = Path(__file__).resolve().parents[1]
CARD = (ROOT / "src" / "erckit" / "bundled" / "everyday" / "README.md").read_text(encoding="utf-8")
SPLITS = ("meld/dev", "dailydialog/test", "goemotions/test", "emorynlp/test")


def _result(split: str) -> Result:
    return Result.load(ROOT / "results" / split.replace("/", "-") / "everyday.json")


def _table(title: str) -> dict[str, list[str]]:
    section = CARD.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return {row[0]: row[1:] for row in rows[2:]}


def test_certainty_is_that_of_the_predictions() -> None:
    rows = _table("How sure it is, and how often right")
    assert tuple(rows) == SPLITS
    for split, cells in rows.items():
        result = _result(split)
        top = np.array([max(row.scores.values()) for row in result.predictions])
        right = np.array([row.gold == row.label for row in result.predictions])
        emotion = np.array([row.label != "neutral" for row in result.predictions])
        fear = np.array([row.label == "fear" for row in result.predictions])
        expected = [top.mean(), right.mean(), top[emotion].mean(), right[emotion].mean(), right[fear].mean()]
        assert cells == [f"{100 * value:.2f}" for value in expected]


def test_scores_are_those_of_the_results() -> None:
    for split, cells in _table("Scores").items():
        result = _result(split)
        assert cells[2].startswith(f"{100 * result.metrics[result.protocol.metric]:.2f} ")


def test_what_it_says_of_certainty_and_fear_holds() -> None:
    rows = {split: list(map(float, cells)) for split, cells in _table("How sure it is, and how often right").items()}
    surer = {split for split, (score, right, *_) in rows.items() if score > right}
    assert surer == {"goemotions/test", "emorynlp/test"}  # "more certainty on its own corpora, less on the others"
    assert all(cells[2] > cells[3] for cells in rows.values())  # "when it calls an emotion, surer than right"
    found = re.search(r"right (\d+) times of (\d+) on MELD dev, (\d+) times of (\d+) on\s+DailyDialog test", CARD)
    assert found
    said = tuple(map(int, found.groups()))
    counts = []
    for split in ("meld/dev", "dailydialog/test"):
        called = [row for row in _result(split).predictions if row.label == "fear"]
        counts += [sum(row.gold == "fear" for row in called), len(called)]
    assert said == tuple(counts)
