"""The numbers of docs/footguns.md: no-neutral by labels= and by dropping rows, constant answers, both macro F1s."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from erckit.labels import LabelSet
from erckit.metrics import classification_report

FOOTGUNS = (Path(__file__).resolve().parents[2] / "docs" / "footguns.md").read_text(encoding="utf-8")
# Rows gold, columns predicted; neutral first.
EXAMPLE = [[740, 60, 20], [50, 75, 5], [25, 5, 20]]
# EmoNet's published test matrix, in the order Joyful, Mad, Neutral, Peaceful, Powerful, Sad, Scared.
EMONET = [
    [177, 11, 56, 10, 7, 4, 17], [15, 46, 13, 1, 7, 6, 25], [51, 14, 180, 16, 25, 11, 52], [42, 14, 44, 27, 13, 6, 13],
    [62, 15, 24, 8, 10, 7, 19], [11, 13, 15, 7, 7, 24, 21], [22, 13, 35, 9, 8, 12, 83],
]  # fmt: skip
# Published label counts of the DailyDialog test split, "no emotion" first.
DAILYDIALOG = (6321, 1019, 116, 102, 118, 47, 17)


def unrolled(confusion: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    cells = [(i, j) for i, row in enumerate(confusion) for j, count in enumerate(row) for _ in range(count)]
    gold, predicted = zip(*cells, strict=True)
    return np.array(gold), np.array(predicted)


@pytest.mark.parametrize(("confusion", "neutral"), [(EXAMPLE, 0), (EMONET, 2)])
def test_no_neutral_by_labels_differs_from_dropping_rows_as_the_docs_say(
    confusion: list[list[int]], neutral: int
) -> None:
    gold, predicted = unrolled(confusion)
    names = tuple(f"label {i}" for i in range(len(confusion)))
    ours = classification_report(gold.tolist(), predicted.tolist(), LabelSet(names, neutral=names[neutral]))
    emotional = [i for i in range(len(names)) if i != neutral]
    by_labels = f1_score(gold, predicted, labels=emotional, average="micro")
    kept = gold != neutral
    by_dropping = f1_score(gold[kept], predicted[kept], labels=emotional, average="micro")
    assert ours.micro_f1_no_neutral == pytest.approx(by_labels)
    assert by_dropping - by_labels > 0.03
    for number in (by_labels, by_dropping):
        assert f"{100 * number:.2f}" in FOOTGUNS
    # The macro average differs, too: a false alarm on a neutral utterance costs precision.
    macro = f1_score(gold[kept], predicted[kept], labels=emotional, average="macro")
    assert macro - ours.macro_f1_no_neutral > 0.02


def test_the_example_of_the_docs_is_the_one_computed_here() -> None:
    for name, row in zip(("neutral", "joy", "anger"), EXAMPLE, strict=True):
        assert f"| {name} | {' | '.join(map(str, row))} |" in FOOTGUNS


def test_a_constant_answer_on_dailydialog_is_worth_what_the_docs_say() -> None:
    gold = [label for label, count in enumerate(DAILYDIALOG) for _ in range(count)]
    names = tuple(f"label {i}" for i in range(7))
    scores = classification_report(gold, [0] * len(gold), LabelSet(names, neutral="label 0"))
    # By hand: precision 6321/7740 and recall 1 of the one label that is ever predicted.
    f1 = 2 * 6321 / (6321 + 7740)
    assert scores.macro_f1 == pytest.approx(f1 / 7)
    assert scores.weighted_f1 == pytest.approx(f1 * 6321 / 7740)
    assert scores.macro_f1_no_neutral == scores.micro_f1_no_neutral == 0.0
    for number in (scores.macro_f1, scores.weighted_f1, scores.accuracy):
        assert f"{100 * number:.2f}" in FOOTGUNS
