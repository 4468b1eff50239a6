"""What every training keeps of its run, whatever it trains: its dev scores and what lies in a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from erckit.corpora.corpus import Corpus
from erckit.errors import CheckpointError
from erckit.labels import LabelSet
from erckit.metrics.classification import classification_report
from erckit.model_folder.tensors import set_trained_tensors, trained_tensors
from erckit.recipe.recipe import Recipe
from erckit.recipe.recorded import recorded_recipe
from erckit.storage.atomic import write_text
from erckit.training.average import WeightAverage
from erckit.training.checkpoint import optimizer_tensors, restore_optimizer
from erckit.training.objectives.objective import NO_LABEL


class RunState(Protocol):
    """A training, as far as this file knows it.

    Attributes:
        step: Optimiser steps done.
        epoch: The running one.
        batch: Batches of it that are done.
        best: Scores of the best weights on dev, with their epoch and step.
        seconds: Of training so far.
        average: Of the weights.
        optimizer: Its state goes into checkpoints.
        device: Where the weights are.
        out: Folder of the training.
    """

    step: int
    epoch: int
    batch: int
    best: dict[str, Any]
    seconds: float
    average: WeightAverage
    optimizer: torch.optim.AdamW
    device: torch.device
    out: Path


def evaluation_marks(batches: int, times: int, group: int) -> set[int]:
    """Numbers of done batches at which dev is scored; the end of the epoch is one.

    Args:
        batches: Of the epoch.
        times: Scorings per epoch.
        group: Batches of one optimiser step; a mark is the end of a step.
    """
    exact = [round(batches * (i + 1) / times) for i in range(times)]
    return {min(batches, -(-mark // group) * group) for mark in exact}


def dev_scores(gold: Sequence[int], predicted: Sequence[int], label_set: LabelSet, metric: str) -> dict[str, float]:
    """The metric that chooses the epoch, and those that are written down beside it; ``NO_LABEL`` is left out."""
    pairs = [(y, p) for y, p in zip(gold, predicted, strict=True) if y != NO_LABEL]
    report = classification_report([y for y, _ in pairs], [p for _, p in pairs], label_set)
    return {
        name: report.value(name, label_set) for name in dict.fromkeys((metric, "weighted_f1", "macro_f1", "accuracy"))
    }


def run_tensors(model: nn.Module, average: WeightAverage, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Trained weights, their average, the optimiser's moments and the state of the random generator."""
    tensors = {f"model.{n}": t for n, t in trained_tensors(model).items()}
    tensors.update({f"average.{n}": t.cpu() for n, t in average.tensors.items()})
    tensors.update({n: t.cpu() for n, t in optimizer_tensors(optimizer).items()})
    tensors["random"] = torch.get_rng_state()
    return tensors


def run_position(run: RunState) -> dict[str, Any]:
    """Where a run is, as JSON."""
    return {
        "step": run.step,
        "epoch": run.epoch,
        "batch": run.batch,
        "best": run.best,
        "average_steps": run.average.state(),
        "seconds": run.seconds,
    }


def restore_run(run: RunState, model: nn.Module, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Put back what :func:`run_tensors` and :func:`run_position` kept.

    Raises:
        CheckpointError: Weights of another model.
    """
    set_trained_tensors(model, _under("model.", tensors), run.out)
    restore_optimizer(run.optimizer, {n: t.to(run.device) for n, t in tensors.items()})
    run.average.restore(state["average_steps"], _under("average.", tensors))
    torch.set_rng_state(tensors["random"])
    run.step, run.epoch, run.batch = state["step"], state["epoch"], state["batch"]
    run.best, run.seconds = dict(state["best"]), state["seconds"]


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def claim_folder(out: Path, recipe: Recipe, corpus: Corpus, resume: bool) -> None:
    """Write down which training the folder holds, or refuse a folder that holds another one.

    Args:
        out: Folder of the training.
        recipe: What is to be trained.
        corpus: On what.
        resume: Whether a training of the same recipe may go on.

    Raises:
        CheckpointError: It holds another training, or something although ``resume`` is off.
    """
    recorded = out / "recipe.json"
    wanted = {"recipe": recipe.to_dict(), "corpus": corpus.name}
    if recorded.is_file():
        if not resume:
            raise CheckpointError(f"{out} holds a training already. Choose another --out, or let it resume.")
        try:
            found = json.loads(recorded.read_text(encoding="utf-8"))
        except ValueError:
            raise CheckpointError(f"{recorded}: not JSON. Choose another --out.") from None
        if isinstance(found, dict):
            found["recipe"] = recorded_recipe(found.get("recipe"))
        if json.loads(json.dumps(found)) != json.loads(json.dumps(wanted)):
            raise CheckpointError(f"{out} holds a training of another recipe (see {recorded}). Choose another --out.")
    elif not resume and out.is_dir() and any(out.iterdir()):
        raise CheckpointError(f"{out} is not empty. Choose another --out.")
    else:
        write_text(recorded, json.dumps(wanted, indent=2) + "\n")


def device_name(device: torch.device, processes: int) -> str:
    """Name of the device, or its threads, and how many processes there were."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    else:
        threads = torch.get_num_threads()
        name = f"{device.type.upper()}, {threads} thread{'s' * (threads != 1)}"
    return name if processes == 1 else f"{processes} x {name}"


def selection_metric(corpus: Corpus) -> str:
    """The metric by which the weights are chosen on dev: that of the corpus' protocol, else weighted F1."""
    protocol = corpus.protocols.get(f"{corpus.name}/dev") or corpus.protocols.get(f"{corpus.name}/test")
    return protocol.metric if protocol is not None else "weighted_f1"
