"""Both stores, and rows to put into them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from erckit.memory.remembered import Remembered
from erckit.memory.speaker_store import SpeakerStore
from erckit.memory.store.exact_store import ExactStore

LABELS = ("Joyful", "Mad", "Neutral")


def make_row(speaker: str, number: int, time: float | None = None, **fields: object) -> Remembered:
    """A row whose every field follows from ``number``."""
    random = np.random.default_rng(number)
    values: dict[str, object] = {
        "text": f"what {speaker} said as number {number}",
        "vector": random.standard_normal(8).astype(np.float32),
        "model": "everyday",
        "scores": dict(zip(LABELS, map(float, random.dirichlet(np.ones(3))), strict=True)),
        "label": LABELS[number % 3] if number % 2 else None,
    }
    when = float(number) if time is None else time
    return Remembered(speaker, f"c{number // 5}", f"u{number}", when, **(values | fields))  # type: ignore[arg-type]


@pytest.fixture(params=["exact", "lance"])
def make_store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., SpeakerStore]:
    """Make a store of either kind, each in a folder of its own."""
    made = 0
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # slow on a busy disk, and nothing dies here

    def make(keeps_text: bool = True) -> SpeakerStore:
        nonlocal made
        made += 1
        if request.param == "exact":
            return ExactStore(keeps_text)
        pytest.importorskip("lancedb", reason="the extra 'memory' is not installed")
        from erckit.memory.store.lance_store import LanceStore

        return LanceStore(tmp_path / f"store-{made}", keeps_text)

    return make


@pytest.fixture
def store(make_store: Callable[..., SpeakerStore]) -> SpeakerStore:
    """An empty store of either kind."""
    return make_store()


@pytest.fixture
def row() -> Callable[..., Remembered]:
    """``make_row``."""
    return make_row
