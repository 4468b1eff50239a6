"""Counts of conversations against scikit-learn's confusion matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from erckit.errors import ErckitError, SettingError
from erckit.metrics.conversation_counts import conversation_counts, times_drawn


def test_counts_are_the_confusion_matrix_of_each_conversation(two_systems: Any) -> None:
    made = two_systems(1, runs=(3, 1))
    counts = conversation_counts(made.gold, made.first, made.groups, "macro_f1", made.label_set)
    assert (counts.runs, counts.conversations, counts.labels, counts.neutral) == (3, 12, 5, 2)
    for run in range(3):
        for place, name in enumerate(np.unique(made.groups)):
            here = made.groups == name
            expected = confusion_matrix(made.gold[here], made.first[run][here], labels=range(5))
            np.testing.assert_array_equal(counts.table[run, place].reshape(5, 6)[:, :5], expected)
            assert not counts.table[run, place].reshape(5, 6)[:, 5].any()
    expected = [f1_score(made.gold, run, labels=range(5), average="macro", zero_division=0) for run in made.first]
    np.testing.assert_allclose(counts.scores("macro_f1"), expected)


def test_times_drawn() -> None:
    drawn = np.array([[0, 0, 2], [1, 1, 1]])
    np.testing.assert_array_equal(times_drawn(drawn, 3), [[2, 0, 1], [0, 3, 0]])


def test_wrong_input_is_an_error() -> None:
    with pytest.raises(SettingError, match="label_set="):
        conversation_counts([0], [0], [0], "micro_f1_no_neutral")
    with pytest.raises(ErckitError, match="do not match"):
        conversation_counts([0, 1], [[0, 1, 1]], [0, 0], "accuracy")
