"""What was chosen where, and when that makes a score too high."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from erckit.evaluation import ProtocolRun, evaluate_model, format_result, protocol_line
from erckit.evaluation.leaderboard.leaderboard_row import LeaderboardRow
from erckit.evaluation.results.selection import is_scored_where_selected, selection_words


def _protocol(corpus: str, split: str, selection: str) -> ProtocolRun:
    return ProtocolRun(f"{corpus}/{split}", corpus, split, 1, 1, "weighted_f1", selection, "none", True)


@pytest.mark.parametrize(
    ("corpus", "split", "selection", "too_high"),
    [
        ("meld", "dev", "dev", True),
        ("meld", "dev-dedup", "dev", True),
        ("meld", "test", "test", True),
        ("meld", "test", "dev", False),
        ("meld", "dev", "emorynlp dev", False),
        ("emorynlp", "dev", "goemotions+emorynlp dev", True),
        ("emorynlp", "dev", "goemotions+2*emorynlp dev", True),
        ("emorynlp", "test", "goemotions+emorynlp dev", False),
        ("goemotions+emorynlp", "dev", "dev", True),
        ("meld", "dev", "nothing", False),
    ],
)
def test_a_score_on_the_split_of_selection_is_too_high(corpus: str, split: str, selection: str, too_high: bool) -> None:
    protocol = _protocol(corpus, split, selection)
    assert is_scored_where_selected(protocol) is too_high
    assert selection_words(protocol) == selection + " (the scored split)" * too_high


def test_the_line_below_the_protocol_says_so(corpus: Any, labeler: Any) -> None:
    dev, test = (format_result(evaluate_model(labeler, corpus, split, draws=5)) for split in ("dev", "test"))
    assert dev.splitlines()[1] == "scored on the split it was selected on: too high"
    assert dev.splitlines()[2] == "system: fake"
    assert "too high" not in test


def test_who_was_not_trained_here_has_neither_selection_nor_seed(corpus: Any, labeler: Any) -> None:
    result = evaluate_model(labeler, corpus, "dev", draws=5)
    protocol = dataclasses.replace(result.protocol, selection="nothing")
    foreign = dataclasses.replace(result, protocol=protocol, seeds=())
    assert " · no training · " in protocol_line(foreign)
    assert "seed" not in protocol_line(foreign)
    assert "too high" not in format_result(foreign)
    majority = dataclasses.replace(result, protocol=protocol)
    assert " · nothing to select · seed 1 · " in protocol_line(majority)


def test_the_leaderboard_marks_the_column(corpus: Any, labeler: Any) -> None:
    from erckit.evaluation.leaderboard.leaderboard import LeaderboardSection
    from erckit.reports.leaderboard.columns import measured_columns

    result = evaluate_model(labeler, corpus, "dev", draws=5)
    row = LeaderboardRow("fake", "weighted_f1", result)
    section = LeaderboardSection("toy/dev", "weighted_f1", (row,), (), 1, 1)
    (column,) = [column for column in measured_columns(section) if column.title == "selected on"]
    assert column.text(row) == "dev (the scored split)"
