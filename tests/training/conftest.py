"""Trainings in processes of their own, which may be killed or run side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture(scope="session")
def forked_trainings() -> Callable[..., dict[str, Any]]:
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
        path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("forked_trainings.py"))],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return {**json.loads(done.stdout), "stderr": done.stderr}

    return run
