"""Killed with SIGKILL at random moments, a training resumes and ends with the weights of an undisturbed one."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Everything that has a state of its own is switched on: average, dropout, accumulation, several dev scores an epoch.
TRAINING = {
    "epochs": 2, "average": 0.9, "accumulate": 2, "evaluations_per_epoch": 2, "patience": 0, "r_drop": 0.1,
    "batch_tokens": 64,
}  # fmt: skip


def _check(answer: dict[str, Any], kills: int) -> None:
    assert answer["problems"] == [], answer["stderr"]
    assert answer["kills"] == kills
    assert answer["leftovers"] == []


def test_killed_at_six_random_moments(
    forked_trainings: Callable[..., Any], tiny_recipe: Callable[..., Any], tiny_corpus: Any, tmp_path: Path
) -> None:
    seed = random.randrange(1_000_000)
    print("seed", seed)
    answer = forked_trainings(
        tiny_recipe(training=TRAINING), tiny_corpus, tmp_path, task="interrupted", kills=6, seed=seed
    )
    _check(answer, 6)


@pytest.mark.slow
def test_killed_at_twenty_random_moments(
    forked_trainings: Callable[..., Any], tiny_recipe: Callable[..., Any], tiny_corpus: Any, tmp_path: Path
) -> None:
    recipe = tiny_recipe(training={**TRAINING, "epochs": 4})
    answer = forked_trainings(
        recipe, tiny_corpus, tmp_path, task="interrupted", kills=20, seed=random.randrange(1_000_000)
    )
    _check(answer, 20)
    assert max(answer["resumed_at"]) > min(answer["resumed_at"])
