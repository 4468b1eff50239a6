"""The forced choice: what is drawn, and what chance comes to under it and under real classification."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, matthews_corrcoef

from erckit.errors import ErckitError
from erckit.labels import LabelSet
from erckit.metrics import classification_report
from erckit.metrics.forced_choice import choose_by_distance, draw_triplets, expected_scores, forced_predictions

LABELS = LabelSet(("anger", "disgust", "fear", "happiness", "no emotion", "sadness", "surprise"), neutral="no emotion")
# Utterances of each label in DailyDialog's test split (published): whole, and cut after 15 utterances.
WHOLE = (118, 47, 17, 1019, 6321, 102, 116)
CUT = (115, 47, 16, 987, 6253, 102, 115)
NO_NEUTRAL = [0, 1, 2, 3, 5, 6]


def _gold(counts: tuple[int, ...]) -> np.ndarray:
    return np.repeat(np.arange(7), counts)


@given(st.lists(st.integers(2, 9), min_size=2, max_size=5), st.integers(0, 1000))
def test_a_question_is_made_of_gold_labels(counts: list[int], seed: int) -> None:
    gold = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)) * 3, counts))  # gaps are no harm
    drawn = draw_triplets(gold, 50, seed)
    assert len(drawn) == 50
    assert (gold[drawn.anchors] == gold[drawn.positives]).all()
    assert (drawn.anchors != drawn.positives).all()
    assert (gold[drawn.anchors] != gold[drawn.negatives]).all()
    again = draw_triplets(gold, 50, seed)
    assert (again.anchors == drawn.anchors).all()


def test_labels_are_drawn_uniformly_and_utterances_within_them() -> None:
    gold = np.array([0] * 2 + [1] * 5 + [2] * 93)
    drawn = draw_triplets(gold, 60_000, 1)
    for part in (drawn.anchors, drawn.negatives):
        np.testing.assert_allclose(np.bincount(gold[part]) / 60_000, 1 / 3, atol=0.01)
    anchors = np.bincount(drawn.anchors[gold[drawn.anchors] == 1], minlength=7)[2:7]
    np.testing.assert_allclose(anchors / anchors.sum(), 0.2, atol=0.02)
    positives = np.bincount(drawn.positives[gold[drawn.positives] == 1], minlength=7)[2:7]
    np.testing.assert_allclose(positives / positives.sum(), 0.2, atol=0.02)


def test_the_nearer_one_is_chosen_and_a_tie_is_right() -> None:
    vectors, gold = np.array([[0.0], [1.0], [3.0], [3.5], [-1.0]]), np.array([0, 0, 1, 1, 1])
    drawn = draw_triplets(gold, 400, 0)
    right = choose_by_distance(vectors, drawn)
    for i in range(400):
        a, p, n = vectors[[drawn.anchors[i], drawn.positives[i], drawn.negatives[i]], 0]
        assert right[i] == (abs(a - p) <= abs(a - n))
    asked, answered = forced_predictions(gold, drawn, right)
    assert (asked == gold[drawn.anchors]).all()
    assert (answered[right] == asked[right]).all()
    assert (answered[~right] == gold[drawn.negatives][~right]).all()
    tie = [drawn.anchors[i] == 0 and drawn.positives[i] == 1 and drawn.negatives[i] == 4 for i in range(400)]
    assert any(tie)
    assert right[np.array(tie)].all()


@pytest.mark.parametrize(("share", "macro", "mcc"), [(0.5, 0.50, 0.417), (0.577, 0.577, 0.507), (0.9, 0.9, 0.883)])
def test_scores_under_the_forced_choice_are_the_share_of_right_answers(share: float, macro: float, mcc: float) -> None:
    """A coin gets a macro F1 of 50; the published 57.71 is 57.7 % right answers between two."""
    gold, found = _gold(CUT), []
    for seed in range(1, 6):
        drawn = draw_triplets(gold, int(sum(CUT)), seed)
        right = np.random.default_rng(100 + seed).random(len(drawn)) < share
        asked, answered = forced_predictions(gold, drawn, right)
        scores = classification_report(asked.tolist(), answered.tolist(), LABELS)
        found.append((scores.macro_f1_no_neutral, scores.mcc))
        # by scikit-learn, with the labels named
        assert scores.macro_f1_no_neutral == pytest.approx(
            f1_score(asked, answered, labels=NO_NEUTRAL, average="macro")
        )
        assert scores.mcc == pytest.approx(matthews_corrcoef(asked, answered))
    np.testing.assert_allclose(np.mean(found, axis=0), (macro, mcc), atol=0.01)
    expected = expected_scores(share, 7)
    np.testing.assert_allclose((expected["macro_f1_no_neutral"], expected["mcc"]), (macro, mcc), atol=5e-4)


def test_a_pair_of_equal_utterances_would_lift_chance() -> None:
    """Were anchor and positive drawn independently, they would sometimes be one utterance, at distance zero."""
    gold = _gold(CUT)
    drawn = draw_triplets(gold, int(sum(CUT)), 1)
    rng = np.random.default_rng(0)
    same = rng.random(len(drawn)) < 1 / np.array(CUT)[gold[drawn.anchors]]
    asked, answered = forced_predictions(gold, drawn, same | (rng.random(len(drawn)) < 0.5))
    lifted = f1_score(asked, answered, labels=NO_NEUTRAL, average="macro")
    assert 0.495 < lifted < 0.525


def test_chance_under_real_classification_is_far_lower() -> None:
    """Guessing among all seven labels on the whole test split: a macro F1 of 4 to 5, not 50; MCC 0, not .42."""
    gold = _gold(WHOLE)
    share = np.array(WHOLE) / len(gold)
    for how, expected in ((np.full(7, 1 / 7), 2 * share / (7 * share + 1)), (share, share)):
        found = []
        for seed in range(20):
            guessed = np.random.default_rng(seed).choice(7, len(gold), p=how)
            scores = classification_report(gold.tolist(), guessed.tolist(), LABELS)
            found.append((scores.macro_f1_no_neutral, scores.mcc))
        macro, mcc = np.mean(found, axis=0)
        assert macro == pytest.approx(expected[NO_NEUTRAL].mean(), abs=0.004)
        assert 0.02 < macro < 0.06
        assert abs(mcc) < 0.01


def test_what_cannot_be_asked() -> None:
    with pytest.raises(ErckitError, match="at least two labels"):
        draw_triplets([0, 0, 0], 5, 1)
    with pytest.raises(ErckitError, match="at least two utterances each"):
        draw_triplets([0, 0, 1], 5, 1)
