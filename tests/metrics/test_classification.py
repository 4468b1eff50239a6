"""Classification scores against the published confusion matrix of EmoNet, and against counting by hand."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, matthews_corrcoef

from erckit.errors import ErckitError
from erckit.labels import LabelSet
from erckit.metrics import classification_report

EMORY = LabelSet(("Joyful", "Mad", "Neutral", "Peaceful", "Powerful", "Sad", "Scared"), neutral="Neutral")
# The test confusion matrix printed in the EmoNet thesis (rows gold, columns predicted).
EMONET = np.array(
    [
        [177, 11, 56, 10, 7, 4, 17],
        [15, 46, 13, 1, 7, 6, 25],
        [51, 14, 180, 16, 25, 11, 52],
        [42, 14, 44, 27, 13, 6, 13],
        [62, 15, 24, 8, 10, 7, 19],
        [11, 13, 15, 7, 7, 24, 21],
        [22, 13, 35, 9, 8, 12, 83],
    ]
)


def _unrolled(confusion: np.ndarray) -> tuple[list[int], list[int]]:
    gold, predicted = [], []
    for i, row in enumerate(confusion):
        for j, count in enumerate(row):
            gold += [i] * int(count)
            predicted += [j] * int(count)
    return gold, predicted


def test_the_published_emonet_matrix_gives_the_published_scores() -> None:
    report = classification_report(*_unrolled(EMONET), EMORY)
    assert round(100 * report.accuracy, 2) == 41.19
    assert round(100 * report.weighted_f1, 2) == 39.19
    assert round(100 * report.macro_f1, 2) == 34.70
    assert report.confusion == EMONET.tolist()
    assert [round(100 * s.f1, 1) for s in report.per_class.values()] == [53.5, 38.5, 50.3, 22.8, 9.0, 28.6, 40.3]
    assert [s.support for s in report.per_class.values()] == [282, 113, 349, 159, 145, 98, 182]
    assert sum(s.predicted for s in report.per_class.values()) == 1328
    assert round(100 * report.per_class["Powerful"].recall, 1) == 6.9


def test_no_neutral_keeps_the_neutral_rows() -> None:
    report = classification_report(*_unrolled(EMONET), EMORY)
    emotional = [0, 1, 3, 4, 5, 6]
    hits = sum(EMONET[i, i] for i in emotional)
    predicted = EMONET[:, emotional].sum()  # with the false alarms on neutral utterances
    gold = EMONET[emotional].sum()
    assert report.micro_f1_no_neutral == pytest.approx(2 * hits / (predicted + gold), abs=1e-12)
    kept = [(g, p) for g, p in zip(*_unrolled(EMONET), strict=True) if g != 2]
    dropped = f1_score([g for g, _ in kept], [p for _, p in kept], labels=emotional, average="micro")
    assert report.micro_f1_no_neutral < dropped - 0.03


def test_a_label_set_without_neutral_averages_over_all() -> None:
    labels = LabelSet(("a", "b", "c"))
    report = classification_report([0, 1, 2, 2], [0, 1, 1, 2], labels)
    assert report.macro_f1_no_neutral == report.macro_f1
    assert report.micro_f1_no_neutral == report.accuracy == 0.75


@pytest.mark.parametrize(
    ("gold", "predicted"), [([0, 0], [0, 0]), ([2, 2, 2], [0, 0, 0]), ([3], [3]), ([0, 1], [5, 5])]
)
def test_absent_labels_score_zero_without_a_warning(gold: list[int], predicted: list[int]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = classification_report(gold, predicted, EMORY)
    assert report.per_class["Scared"].f1 == 0.0
    assert report.per_class["Scared"].support == 0
    assert report.mcc == 0.0
    assert len(report.confusion) == len(report.confusion[0]) == 7


def test_what_cannot_be_scored_is_an_error_with_a_next_step() -> None:
    with pytest.raises(ErckitError, match="no utterance with a gold label"):
        classification_report([], [], EMORY)
    with pytest.raises(ErckitError, match="same length"):
        classification_report([0, 1], [0], EMORY)
    with pytest.raises(ErckitError, match="gold label -100 is outside"):
        classification_report([0, -100], [0, 1], EMORY)
    with pytest.raises(ErckitError, match="prediction 7 is outside"):
        classification_report([0, 1], [0, 7], EMORY)


def test_the_dictionary_is_plain_data() -> None:
    import json

    data = classification_report([0, 1, 2], [0, 1, 1], EMORY).to_dict()
    assert json.loads(json.dumps(data)) == data


@settings(max_examples=40, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30),
    neutral=st.sampled_from([None, 0, 3]),
)
def test_every_score_equals_counting_by_hand_and_scikit_learn_on_names(
    pairs: list[tuple[int, int]], neutral: int | None
) -> None:
    # Few utterances and five labels: most examples lack labels in the gold labels, the predictions, or both.
    names = ("anger", "joy", "love", "neutral", "sad")
    labels = LabelSet(names, neutral=None if neutral is None else names[neutral])
    gold, predicted = [names[g] for g, _ in pairs], [names[p] for _, p in pairs]
    report = classification_report([g for g, _ in pairs], [p for _, p in pairs], labels)

    def f1(hits: float, found: float, wanted: float) -> float:
        return 2 * hits / (found + wanted) if found + wanted else 0.0

    counts = {
        name: (
            sum(g == p == name for g, p in zip(gold, predicted, strict=True)),
            predicted.count(name),
            gold.count(name),
        )
        for name in names
    }
    for name, (hits, found, wanted) in counts.items():
        one = report.per_class[name]
        assert (one.support, one.predicted) == (wanted, found)
        assert one.precision == pytest.approx(hits / found if found else 0.0)
        assert one.recall == pytest.approx(hits / wanted if wanted else 0.0)
        assert one.f1 == pytest.approx(f1(hits, found, wanted))
    emotional = [name for name in names if name != labels.neutral]
    assert report.accuracy == pytest.approx(sum(hits for hits, _, _ in counts.values()) / len(pairs))
    assert report.weighted_f1 == pytest.approx(sum(f1(*counts[n]) * counts[n][2] for n in names) / len(pairs))
    assert report.macro_f1 == pytest.approx(sum(f1(*counts[n]) for n in names) / 5)
    assert report.macro_f1_no_neutral == pytest.approx(sum(f1(*counts[n]) for n in emotional) / len(emotional))
    pooled = [sum(counts[n][i] for n in emotional) for i in range(3)]
    assert report.micro_f1_no_neutral == pytest.approx(f1(*pooled))
    # scikit-learn sorts names where erckit has its own order; the labels are given, and none may get lost.
    for value, average, over in (
        (report.weighted_f1, "weighted", names),
        (report.macro_f1, "macro", names),
        (report.macro_f1_no_neutral, "macro", emotional),
        (report.micro_f1_no_neutral, "micro", emotional),
    ):
        wanted_score = f1_score(gold, predicted, labels=list(over), average=average, zero_division=0)
        assert value == pytest.approx(wanted_score)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns when everything carries one label
        assert report.mcc == pytest.approx(matthews_corrcoef(gold, predicted))
