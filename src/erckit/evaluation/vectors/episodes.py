"""N-way K-shot episodes over conversations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from erckit.errors import SettingError

_TRIES = 300
_SHARES = (0.5, 0.7, 0.85)  # of the conversations, for the examples


@dataclass(frozen=True, slots=True)
class Task:
    """Size of an episode.

    Args:
        ways: Labels, N, at least 2.
        shots: Examples of each label, K, at least 1.
        queries: Most utterances of each label that are labelled.
    """

    ways: int
    shots: int
    queries: int = 15

    def __post_init__(self) -> None:
        if self.ways < 2 or self.shots < 1 or self.queries < 1:
            raise SettingError(f"an episode needs 2 labels and 1 example of each or more, got {self}.")

    def __str__(self) -> str:
        return f"{self.ways}way-{self.shots}shot"


def read_task(text: str) -> Task:
    """``5way-5shot`` as a task.

    Raises:
        SettingError: Another form.
    """
    found = re.fullmatch(r"(\d+)-?way-?_?(\d+)-?shots?", text.strip().lower())
    if found is None:
        raise SettingError(f"'{text}' is no task. Write for example 5way-5shot: five labels, five examples of each.")
    return Task(int(found[1]), int(found[2]))


@dataclass(frozen=True, slots=True, eq=False)
class Episode:
    """Rows of utterances.

    Args:
        labels: Label positions, (N,).
        support: Examples of each label, (N, K).
        queries: Utterances to label, one array per label.
    """

    labels: NDArray[np.int64]
    support: NDArray[np.int64]
    queries: tuple[NDArray[np.int64], ...]


def can_be_drawn(gold: NDArray[np.int64], conversations: NDArray[np.int64], label: int, shots: int) -> bool:
    """Whether a label has enough utterances for its examples and, in another conversation, a query."""
    counts = np.bincount(conversations[gold == label])
    counts = counts[counts > 0]
    return len(counts) > 1 and int(counts.sum() - counts.min()) >= shots


def draw_episodes(
    gold: NDArray[np.int64],
    conversations: NDArray[np.int64],
    task: Task,
    episodes: int,
    seed: int,
    candidates: Sequence[int],
    names: Sequence[str],
) -> list[Episode]:
    """Episodes whose examples and queries come from different conversations.

    For each episode labels are drawn without replacement; the conversations are cut into two random halves; examples
    are drawn from the one, queries from the other. A draw in which a label lacks examples or queries is repeated.

    Args:
        gold: Label positions, (N,).
        conversations: Conversation of each utterance, (N,).
        task: Size of an episode.
        episodes: How many.
        seed: Of all draws.
        candidates: Label positions that labels are drawn from.
        names: All labels, for messages.

    Raises:
        SettingError: Fewer candidates than ways, or a label in too few conversations.
    """
    if len(candidates) < task.ways:
        listed = ", ".join(names[i] for i in candidates)
        raise SettingError(f"{task} needs {task.ways} labels, there are {len(candidates)} ({listed}). Ask for fewer.")
    rng = np.random.default_rng(seed)
    rows = {label: np.flatnonzero(gold == label) for label in candidates}
    count = int(conversations.max()) + 1
    drawn = []
    for _ in range(episodes):
        chosen = np.sort(rng.choice(np.asarray(candidates), task.ways, replace=False))
        for attempt in range(_TRIES):
            # Where a label is in few conversations only, the examples get more of them.
            is_support = rng.random(count) < _SHARES[attempt * len(_SHARES) // _TRIES]
            halves = [
                (rows[i][is_support[conversations[rows[i]]]], rows[i][~is_support[conversations[rows[i]]]])
                for i in chosen
            ]
            if all(len(first) >= task.shots and len(second) for first, second in halves):
                break
        else:
            raise SettingError(
                f"{task}: too few conversations hold {' or '.join(names[i] for i in chosen)} to draw "
                f"{task.shots} examples and a query from different ones. Ask for fewer shots, or choose with --labels."
            )
        support = np.stack([rng.choice(first, task.shots, replace=False) for first, _ in halves])
        queries = tuple(rng.choice(second, min(task.queries, len(second)), replace=False) for _, second in halves)
        drawn.append(Episode(chosen, support, queries))
    return drawn
