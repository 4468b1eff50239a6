"""Killed with SIGKILL at any moment, a training resumes and ends with the weights of an undisturbed one."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.process, pytest.mark.trains]

# Everything that has a state of its own is switched on: average, dropout, accumulation, several dev scores an epoch.
TRAINING = {
    "epochs": 2, "average": 0.9, "accumulate": 2, "evaluations_per_epoch": 2, "patience": 0, "r_drop": 0.1,
    "batch_tokens": 64,
}  # fmt: skip


def _check(answer: dict[str, Any], kills: int) -> None:
    assert answer["problems"] == [], answer["stderr"]
    assert answer["kills"] == kills
    assert answer["leftovers"] == []


def test_killed_at_six_moments(
    forked_trainings: Callable[..., Any], tiny_recipe: Callable[..., Any], tiny_corpus: Any, tmp_path: Path
) -> None:
    # A fixed seed, so that a failure can be repeated; the slow tests below draw their moments anew each time.
    answer = forked_trainings(
        tiny_recipe(training=TRAINING), tiny_corpus, tmp_path, task="interrupted", kills=6, seed=4
    )
    _check(answer, 6)


@pytest.mark.slow
def test_killed_at_twenty_random_moments(
    forked_trainings: Callable[..., Any], tiny_recipe: Callable[..., Any], tiny_corpus: Any, tmp_path: Path
) -> None:
    recipe = tiny_recipe(training={**TRAINING, "epochs": 4})
    seed = random.randrange(1_000_000)
    print("seed", seed)
    answer = forked_trainings(recipe, tiny_corpus, tmp_path, task="interrupted", kills=20, seed=seed)
    _check(answer, 20)
    assert max(answer["resumed_at"]) > min(answer["resumed_at"])


def _llm(llm_recipe: Callable[..., Any], system: str, epochs: int) -> Any:
    # A first stage, LoRA dropout, an average, own labels shown in prompts: everything whose state a checkpoint keeps.
    first = {"llm": {"first_task": "speaker_identification"}} if system == "instruct_erc" else {}
    scope = {"model": {"history": {"scope": "all"}}} if system == "emonet_llm" else {}
    training = {"epochs": epochs, "average": 0.9, "accumulate": 2, "evaluations_per_epoch": 2, "batch_tokens": 400}
    return llm_recipe(system, **scope, lora={"dropout": 0.1}, training={**training, **first})


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_llm_training_killed_at_four_random_moments(
    forked_trainings: Callable[..., Any], llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any],
    tmp_path: Path,
) -> None:  # fmt: skip
    seed = random.randrange(1_000_000)
    print("seed", seed)
    answer = forked_trainings(
        _llm(llm_recipe, "emonet_llm", 1), ruled_corpus(4), tmp_path, task="interrupted", kills=4, seed=seed,
        while_writing=True, seconds=890,
    )  # fmt: skip
    _check(answer, 4)
    assert answer["killed_while_writing"] > 0


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("system", ["emonet_llm", "instruct_erc"])
def test_an_llm_training_killed_at_twelve_random_moments(
    forked_trainings: Callable[..., Any], llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any],
    tmp_path: Path, system: str,
) -> None:  # fmt: skip
    seed = random.randrange(1_000_000)
    print("seed", seed)
    answer = forked_trainings(
        _llm(llm_recipe, system, 2), ruled_corpus(6), tmp_path, task="interrupted", kills=12, seed=seed,
        while_writing=True, seconds=1790,
    )  # fmt: skip
    _check(answer, 12)
    assert answer["killed_while_writing"] > 2
    assert max(answer["resumed_at"]) > min(answer["resumed_at"])
