"""Trainings in processes of their own, which may be killed or run side by side."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from warm_python import WarmPython


@pytest.fixture(scope="session")
def forked_trainings(warm_python: WarmPython) -> Callable[..., dict[str, Any]]:
    """``forked_trainings(recipe, corpus, out, task=..., ...)``: the answer of ``forked_trainings.py``."""
    if not hasattr(os, "fork"):
        pytest.skip("this platform cannot fork")

    def run(recipe: Any, corpus: Any, out: Path, seconds: float = 280, **task: Any) -> dict[str, Any]:
        splits = {
            name: [
                {
                    "id": c.id,
                    "meta": dict(c.meta),
                    "utterances": [[u.id, u.speaker, u.text, u.label] for u in c.utterances],
                }
                for c in conversations
            ]
            for name, conversations in corpus.splits.items()
        }
        given = {
            "recipe": recipe.to_dict(),
            "corpus": {"splits": splits, "labels": list(corpus.label_set.labels)},
            "out": str(out),
            **task,
        }
        script = str(Path(__file__).with_name("forked_trainings.py"))
        done = warm_python.run(script, input=json.dumps(given), timeout=seconds)
        assert done.returncode == 0, done.stderr
        return {**json.loads(done.stdout), "stderr": done.stderr}

    return run
