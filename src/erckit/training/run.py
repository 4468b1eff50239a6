"""Training run: epochs, steps, dev scores, patience, checkpoints and resumption of whatever is trained."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from erckit.corpora.corpus import Corpus
from erckit.errors import CheckpointError, SettingError
from erckit.model_folder.tensors import set_trained_tensors, trained_tensors
from erckit.progress import Progress
from erckit.recipe.recipe import Recipe
from erckit.training.average import WeightAverage
from erckit.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from erckit.training.cost import DryRun
from erckit.training.data import possible_labels, with_share
from erckit.training.journal import Journal
from erckit.training.label_offsets import dev_offsets, fit_calibration
from erckit.training.learner import Learner, Moment, Outcome
from erckit.training.objectives.objective import bar_impossible
from erckit.training.optimizer import rate_factor
from erckit.training.run_state import (
    claim_folder,
    dev_scores,
    device_name,
    evaluation_marks,
    restore_run,
    run_position,
    run_tensors,
    selection_metric,
)


def train(
    recipe: Recipe,
    corpus: Corpus,
    out: Path,
    *,
    quiet: bool = False,
    resume: bool = True,
    checkpoint_seconds: float = 60.0,
) -> Path:
    """Train, or go on with a training that was interrupted.

    The folder ``out`` holds ``recipe.json``, ``metrics.jsonl``, TensorBoard events, ``checkpoints/``, ``best/`` and,
    at the end, ``model/``. Killing the process at any moment loses at most the time since the last checkpoint; the
    resumed training ends with the weights of an uninterrupted one on CPU.

    Args:
        recipe: What to train and how.
        corpus: Its ``train`` split is learnt from, its ``dev`` split chooses the epoch and fits the temperature.
        out: Folder of this training.
        quiet: No progress.
        resume: Go on with what ``out`` holds; otherwise ``out`` must be new or empty.
        checkpoint_seconds: Least time between two checkpoints.

    Returns:
        The model folder, ``out/model``.

    Raises:
        CheckpointError: ``out`` holds a training of another recipe, or something although ``resume`` is off.
    """
    model_folder = out / "model"
    claim_folder(out, recipe, corpus, resume)
    if (model_folder / "manifest.json").is_file():
        return model_folder
    corpus = with_share(corpus, recipe.training.share, recipe.training.share_of, recipe.training.seed)
    with torch.random.fork_rng(devices=[]):
        Run(recipe, corpus, out, quiet, checkpoint_seconds).run(model_folder)
    return model_folder


def dry_run(recipe: Recipe, corpus: Corpus) -> DryRun:
    """Estimate a training from its real tokens and this machine's measured rate of matrix products."""
    corpus = with_share(corpus, recipe.training.share, recipe.training.share_of, recipe.training.seed)
    return learner_class(recipe).cost(recipe, corpus)


def learner_class(recipe: Recipe) -> type[Learner]:
    """The kind of learner that a recipe's system needs."""
    if recipe.is_llm:
        from erckit.training.prompt_learner import PromptLearner

        return PromptLearner
    from erckit.training.network_learner import NetworkLearner

    return NetworkLearner


class Run:
    """One training; its counters are what a checkpoint keeps, beside what the learner keeps.

    Args:
        recipe: What to train and how.
        corpus: With the splits ``train`` and ``dev``.
        out: Folder of the training.
        quiet: No progress.
        checkpoint_seconds: Least time between two checkpoints.

    Attributes:
        learner: The system being trained.
        epochs: All of them, as planned.
        group: Batches of one optimiser step, over all processes.
        stage_steps: Steps of each stage, in order.
        step: Optimiser steps done.
        epoch: The running one.
        batch: Batches of it that are done.
        best: Scores of the best weights on dev, with their epoch and step.
        seconds: Of training so far.
    """

    def __init__(self, recipe: Recipe, corpus: Corpus, out: Path, quiet: bool, checkpoint_seconds: float) -> None:
        from accelerate import Accelerator
        from accelerate.utils import DistributedDataParallelKwargs

        self.corpus, self.out, self.settings = corpus, out, recipe.training
        kind = learner_class(recipe)
        spread = DistributedDataParallelKwargs(find_unused_parameters=kind.finds_unused)
        self.accelerator = Accelerator(kwargs_handlers=[spread])
        self.quiet = quiet or not self.accelerator.is_main_process
        self.checkpoint_seconds = checkpoint_seconds
        torch.manual_seed(self.settings.seed)
        self.learner = kind(recipe, corpus, self.accelerator, self.quiet)
        self.device = self.learner.device
        if self.learner.is_trained:
            self.optimizer = self.learner.optimizer
            self.average = WeightAverage(self.learner.model, self.settings.average)
        dev = corpus.split("dev")
        self.dev_labels = [i for c in dev for i in corpus.label_set.indices(u.label for u in c.utterances)]
        self.dev_possible = possible_labels(dev, corpus.label_set)
        self.epochs = self.learner.plan()
        self.group = self.settings.accumulate * self.accelerator.num_processes
        self.stage_steps = {epoch.stage: 0 for epoch in self.epochs}
        for epoch in self.epochs:
            self.stage_steps[epoch.stage] += -(-len(epoch.batches) // self.group)
        self.step = self.epoch = self.batch = 0
        self.metric = selection_metric(corpus)
        self.best: dict[str, Any] = {self.metric: -1.0, "epoch": -1, "step": -1}
        self.best_logits: NDArray[np.float32] | None = None  # of dev, as long as this process lives
        self.last_checkpoint = time.monotonic()
        self.seconds = 0.0

    def run(self, model_folder: Path) -> None:
        """All epochs, then the model folder."""
        main = self.accelerator.is_main_process
        if self.learner.is_trained:
            self._resume()
            if not self.step:
                self.learner.begin()
            total = sum(len(epoch.batches) for epoch in self.epochs)
            done = sum(len(epoch.batches) for epoch in self.epochs[: self.epoch]) + self.batch
            with Journal(self.out, enabled=main) as journal, Progress(total, "Training", "batches", self.quiet) as bar:
                bar.advance(done)
                while self.epoch < len(self.epochs) and not self._is_exhausted():
                    self._run_epoch(journal, bar)
                    self.epoch, self.batch = self.epoch + 1, 0
                    self._checkpoint()
        if main:
            self._write_model(model_folder)
        self.accelerator.wait_for_everyone()

    def _is_exhausted(self) -> bool:
        patience, best = self.settings.patience, self.best["epoch"]
        return bool(patience) and best >= 0 and self.epoch - best > patience

    def _run_epoch(self, journal: Journal, bar: Progress) -> None:
        epoch = self.epochs[self.epoch]
        batches, settings = epoch.batches, self.settings
        marks = evaluation_marks(len(batches), settings.evaluations_per_epoch, self.group) if epoch.is_scored else set()
        rank, processes = self.accelerator.process_index, self.accelerator.num_processes
        groups = [batches[start : start + self.group] for start in range(self.batch, len(batches), self.group)]
        # the last step of an epoch may have fewer batches than processes; all must join in averaging gradients
        mine = [group[rank::processes] or group[:1] for group in groups]
        with self.learner.ahead([chosen for own in mine for chosen in own]):
            for group, own in zip(groups, mine, strict=True):
                began = time.monotonic()
                share = processes if group[rank::processes] else 0
                moment = self.moment()
                loss, norm = self.optimizer_step(self.learner.pieces(own, moment), group, share)
                notes = self.learner.step_done(moment)
                self.step += 1
                self.batch += len(group)
                self.seconds += time.monotonic() - began
                bar.advance(len(group), f"loss {loss:.3f}, dev {max(self.best[self.metric], 0):.4f}")
                stage = {"stage": epoch.stage} if epoch.stage else {}
                record = {"step": self.step, "epoch": self.epoch, **stage, "loss": loss, "gradient_norm": norm}
                journal.write({**record, **notes})
                if self.batch in marks:
                    self._evaluate(journal)
                if time.monotonic() - self.last_checkpoint > self.checkpoint_seconds:
                    self._checkpoint()
        self.learner.epoch_done(epoch)

    def moment(self) -> Moment:
        """When the next step is done."""
        stage = self.epochs[self.epoch].stage
        return Moment(stage, self.epoch, self.batch, self._stage_step(stage) / max(1, self.stage_steps[stage] - 1))

    def _stage_step(self, stage: str) -> int:
        """Steps of a stage that are done."""
        stages = list(self.stage_steps)
        return self.step - sum(self.stage_steps[earlier] for earlier in stages[: stages.index(stage)])

    def optimizer_step(self, pieces: Iterable[Any], group: list[list[int]], share: int = 1) -> tuple[float, float]:
        """One step on a group of batches.

        Args:
            pieces: Of the batches that this process runs.
            group: All batches of the step, over all processes.
            share: Factor of this process' gradients: the number of processes, as gradients are averaged over them, or
                0 where it only takes part.

        Returns:
            Loss of this process and the gradient's norm.
        """
        learner, moment = self.learner, self.moment()
        steps = self.stage_steps[moment.stage]
        factor = rate_factor(self._stage_step(moment.stage), steps, round(self.settings.warmup * steps))
        for param_group in self.optimizer.param_groups:
            param_group["lr"] = param_group.setdefault("peak", param_group["lr"]) * factor
        asked = learner.asked(group, moment)
        total = 0.0
        remaining = iter(pieces)
        following = next(remaining, None)
        while following is not None:
            piece, following = following, next(remaining, None)
            with self.accelerator.no_sync(learner.wrapped) if following is not None else nullcontext():
                loss = learner.loss(piece, moment) / asked * share
                self.accelerator.backward(loss)
            total += loss.item()
        trained: list[Tensor] = [p for p in learner.model.parameters() if p.requires_grad]
        norm = float(torch.nn.utils.clip_grad_norm_(trained, self.settings.clip))
        if not math.isfinite(norm):  # before the step, so that weights and checkpoints stay sound
            raise SettingError(
                f"the training diverged at step {self.step}: the gradient is not a number. "
                f"Lower {learner.rates}, and train into another --out."
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update()
        return total, norm

    def _dev_logits(self, is_final: bool = False) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = bar_impossible(
            torch.from_numpy(self.learner.dev_logits(is_final)), self.dev_possible
        ).numpy()
        return logits

    def _scores(self, logits: NDArray[np.float32]) -> dict[str, float]:
        return dev_scores(self.dev_labels, logits.argmax(1).tolist(), self.corpus.label_set, self.metric)

    def _evaluate(self, journal: Journal) -> None:
        from accelerate.utils import broadcast_object_list

        with self.average.applied():
            logits = self._dev_logits()
            label_set = self.corpus.label_set
            offsets = dev_offsets(self.learner.adjusts, logits, self.dev_labels, label_set, self.metric)
            scores = self._scores(logits if offsets is None else logits + offsets)
            journal.write({"step": self.step, "epoch": self.epoch, "split": "dev", **scores})
            if scores[self.metric] > self.best[self.metric]:
                self.best = {**scores, "epoch": self.epoch, "step": self.step}
                self.best_logits = None if self.learner.is_rescored else logits
                if self.accelerator.is_main_process:
                    weights = trained_tensors(self.learner.model)
                    save_checkpoint(self.out / "best", Checkpoint(self.step, weights, {"best": self.best}))
        # each process scored with its own history vectors; the first decides for all when to stop
        (self.best,) = broadcast_object_list([self.best])

    def _checkpoint(self) -> None:
        self.last_checkpoint = time.monotonic()
        if not self.accelerator.is_main_process:
            return
        tensors = {**run_tensors(self.learner.model, self.average, self.optimizer), **self.learner.state()}
        save_checkpoint(self.out / "checkpoints", Checkpoint(self.step, tensors, run_position(self)))

    def _resume(self) -> None:
        checkpoint, notes = load_checkpoint(self.out / "checkpoints")
        for note in notes:
            self.accelerator.print(note)
        if checkpoint is None:
            return
        restore_run(self, self.learner.model, checkpoint.tensors, checkpoint.state)
        self.learner.restore(checkpoint.tensors)

    def _write_model(self, folder: Path) -> None:
        if self.learner.is_trained:
            checkpoint, _ = load_checkpoint(self.out / "best", self.best["step"])
            if checkpoint is None:
                raise CheckpointError(f"{self.out}: no scored weights were found. Train again into another --out.")
            set_trained_tensors(self.learner.model, dict(checkpoint.tensors), self.out)
        else:
            self.best = {"epoch": -1, "step": 0}
        logits = self._dev_logits(is_final=True) if self.best_logits is None else self.best_logits
        label_set = self.corpus.label_set
        calibration = fit_calibration(self.learner.adjusts, logits, self.dev_labels, label_set, self.metric)
        plain = self._scores(logits)
        adjusted = plain if calibration.offsets is None else self._scores(logits + calibration.offsets)
        facts = {
            "selected_by": self.metric,
            "training_seconds": round(self.seconds, 1),
            "training_device": device_name(self.device, self.accelerator.num_processes),
        }
        self.learner.save(folder, Outcome(self.best, plain, adjusted, calibration, facts))
