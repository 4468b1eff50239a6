"""Checkpoints that survive a kill at any moment: written beside, manifest last, then renamed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from erckit.errors import CheckpointError, ModelFolderError
from erckit.storage.atomic import atomic_folder, remove_leftovers
from erckit.storage.manifest import verify_manifest

NAME = re.compile(r"step-(\d{8})")
KEPT = 2  # the newest may turn out broken (a failing disk); the one before it is the way back


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything a training needs to go on as if it had never stopped.

    Args:
        step: Batches done since the start.
        tensors: Weights, optimiser moments, averages, history cache, random state, by prefixed name.
        state: Counters, history of dev scores, the recipe: plain JSON values.
    """

    step: int
    tensors: Mapping[str, Tensor]
    state: Mapping[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint under ``folder`` and delete all but the newest ``KEPT``."""
    from safetensors.torch import save_file

    with atomic_folder(folder / f"step-{checkpoint.step:08d}") as target:
        save_file({k: v.contiguous() for k, v in checkpoint.tensors.items()}, target / "tensors.safetensors")
        (target / "state.json").write_text(json.dumps(checkpoint.state), encoding="utf-8")
    kept = {f"step-{step:08d}" for step in _steps(folder)[-KEPT:]}
    for path in folder.glob("step-*"):
        if path.name not in kept:  # older ones, and what killed writers left
            shutil.rmtree(path, ignore_errors=True)


def load_checkpoint(folder: Path, step: int | None = None) -> tuple[Checkpoint | None, list[str]]:
    """The newest complete checkpoint under ``folder``, or None; and notes about broken ones that were passed over.

    With ``step``, only the checkpoint of that step will do.
    """
    from safetensors.torch import load_file

    notes: list[str] = []
    for found in reversed(_steps(folder)):
        if step is not None and found != step:
            continue
        path = folder / f"step-{found:08d}"
        try:
            verify_manifest(path)
            state = json.loads((path / "state.json").read_text(encoding="utf-8"))
            checkpoint = Checkpoint(found, load_file(path / "tensors.safetensors"), state)
            remove_leftovers(path)  # of the last step nobody else would: it is not written again
            return checkpoint, notes
        except (ModelFolderError, OSError, ValueError) as error:
            notes.append(f"ignored a broken checkpoint: {error}")
    return None, notes


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Moments and step counts of every parameter, by position."""
    state = optimizer.state_dict()["state"]
    return {f"optimizer.{i}.{key}": value for i, values in state.items() for key, value in values.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Undo ``optimizer_tensors``.

    Raises:
        CheckpointError: The checkpoint's moments do not fit this optimiser.
    """
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".", 2)
            state.setdefault(int(index), {})[key] = tensor
    whole = optimizer.state_dict()
    count = sum(len(group["params"]) for group in whole["param_groups"])
    if state and max(state) >= count:
        raise CheckpointError("the checkpoint's optimiser does not fit this model. Train into another --out folder.")
    optimizer.load_state_dict({**whole, "state": state})


def _steps(folder: Path) -> list[int]:
    if not folder.is_dir():
        return []
    matches = (NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(match.group(1)) for match in matches if match)
