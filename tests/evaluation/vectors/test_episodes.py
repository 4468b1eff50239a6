"""Episodes: sizes, labels, and examples and queries that share no conversation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.errors import SettingError
from erckit.evaluation.vectors.episodes import Task, can_be_drawn, draw_episodes, read_task

NAMES = tuple("abcdef")


def _utterances(seed: int, count: int = 400, conversations: int = 40) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.choice(6, count, p=(0.5, 0.2, 0.1, 0.1, 0.05, 0.05)), rng.integers(0, conversations, count)


@given(ways=st.integers(2, 5), shots=st.integers(1, 4), seed=st.integers(0, 50))
def test_examples_and_queries_share_no_conversation(ways: int, shots: int, seed: int) -> None:
    gold, conversations = _utterances(seed)
    task = Task(ways, shots, 7)
    for episode in draw_episodes(gold, conversations, task, 5, seed, range(6), NAMES):
        assert episode.support.shape == (ways, shots)
        assert len(set(episode.labels.tolist())) == ways
        support = set(conversations[episode.support.ravel()].tolist())
        for label, rows, queries in zip(episode.labels, episode.support, episode.queries, strict=True):
            assert (gold[rows] == label).all()
            assert (gold[queries] == label).all()
            assert len(set(rows.tolist())) == shots
            assert 1 <= len(set(queries.tolist())) == len(queries) <= 7
            assert not support & set(conversations[queries].tolist())


def test_episodes_come_from_their_seed_and_draw_all_labels() -> None:
    gold, conversations = _utterances(0)
    drawn = [draw_episodes(gold, conversations, Task(3, 2), 60, seed, range(6), NAMES) for seed in (1, 1, 2)]
    same = [(one.support == other.support).all() for one, other in zip(drawn[0], drawn[1], strict=True)]
    assert all(same)
    assert not all((one.support == other.support).all() for one, other in zip(drawn[0], drawn[2], strict=True))
    counts = np.bincount(np.concatenate([one.labels for one in drawn[0]]), minlength=6)
    assert counts.min() > 15  # 30 expected, whatever the frequency of a label


def test_what_cannot_be_drawn() -> None:
    gold, conversations = _utterances(0)
    with pytest.raises(SettingError, match="needs 5 labels, there are 2"):
        draw_episodes(gold, conversations, Task(5, 1), 1, 1, [0, 1], NAMES)
    with pytest.raises(SettingError, match=r"too few conversations hold a or b .* Ask for fewer shots"):
        draw_episodes(gold[gold < 2], np.zeros((gold < 2).sum(), int), Task(2, 1), 1, 1, [0, 1], NAMES)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.integers(1, 5))
def test_whether_a_label_can_be_drawn(conversations: list[int], shots: int) -> None:
    places = np.array(conversations)
    found = can_be_drawn(np.zeros(len(places), int), places, 0, shots)
    # by trying every way to give conversations to the examples
    ways = [[c for c in range(4) if bits >> c & 1] for bits in range(16)]
    possible = any(np.isin(places, way).sum() >= shots and not np.isin(places, way).all() for way in ways)
    assert found == possible


@pytest.mark.parametrize("text", ["5way-5shot", "5-way-5-shot", "5WAY-5SHOTS"])
def test_a_task_by_name(text: str) -> None:
    assert read_task(text) == Task(5, 5)
    assert str(read_task(text)) == "5way-5shot"


@pytest.mark.parametrize("text", ["five", "5shot", "1way-5shot", "5way-0shot"])
def test_no_task(text: str) -> None:
    with pytest.raises(SettingError, match=r"5way-5shot|an episode needs 2 labels"):
        read_task(text)
