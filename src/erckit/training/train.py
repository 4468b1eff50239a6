"""Train a recipe on a corpus, choose the epoch on dev, calibrate, and write a model folder."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterable, Sequence
from contextlib import closing, nullcontext
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from erckit.backbones.get_backbone import get_backbone
from erckit.conversation import Conversation
from erckit.corpora.corpus import Corpus
from erckit.errors import CheckpointError, SettingError
from erckit.memory.identity import SpeakerRegistry
from erckit.metrics.calibration import fit_temperature
from erckit.model_folder.card import model_card
from erckit.model_folder.network_folder import PretrainedModel, backbone_checksum, new_model
from erckit.model_folder.tensors import set_trained_tensors, trained_tensors
from erckit.networks.inference import autocast, predict_logits, resolve_precision
from erckit.networks.network import ConversationModel, ModelInputs
from erckit.networks.preparation import Preparation, PreparedConversations, with_known_vectors
from erckit.progress import Progress
from erckit.recipe.recipe import Recipe
from erckit.training.average import WeightAverage
from erckit.training.checkpoint import (
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from erckit.training.data import (
    TrainingData,
    conversation_chances,
    epoch_batches,
    packed_ahead,
    possible_labels,
    with_share,
)
from erckit.training.journal import Journal
from erckit.training.label_offsets import adjust_neutral
from erckit.training.objectives.head_first import train_head_first
from erckit.training.objectives.objective import NO_LABEL, bar_impossible
from erckit.training.objectives.soft_targets import load_soft_targets
from erckit.training.objectives.step_loss import make_step_loss
from erckit.training.optimizer import make_optimizer, rate_factor
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
from erckit.training.start_from import start_from

if TYPE_CHECKING:
    from erckit.training.train_llm import LlmTraining


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
    kind: type[Training] | type[LlmTraining] = Training
    if recipe.is_llm:
        from erckit.training.train_llm import LlmTraining

        kind = LlmTraining
    with torch.random.fork_rng(devices=[]):
        kind(recipe, corpus, out, quiet, checkpoint_seconds).run(model_folder)
    return model_folder


class Training:
    """One run; its attributes are what a checkpoint keeps."""

    def __init__(self, recipe: Recipe, corpus: Corpus, out: Path, quiet: bool, checkpoint_seconds: float) -> None:
        from accelerate import Accelerator
        from accelerate.utils import DistributedDataParallelKwargs

        settings = recipe.training
        self.recipe, self.corpus, self.out, self.settings = recipe, corpus, out, settings
        # a batch in which nobody has a history leaves the GRU without gradients
        spread = DistributedDataParallelKwargs(find_unused_parameters=True)
        self.accelerator = Accelerator(kwargs_handlers=[spread])
        self.device: torch.device = self.accelerator.device
        self.precision = resolve_precision(settings.precision, self.device)
        self.quiet = quiet or not self.accelerator.is_main_process
        self.checkpoint_seconds = checkpoint_seconds
        torch.manual_seed(settings.seed)
        backbone = get_backbone(recipe.model.backbone)
        self.registry = SpeakerRegistry.from_conversations(
            recipe.model.speaker.identity,
            corpus.split("train"),
            recipe.model.speaker.min_utterances,
            corpus.anonymous_speakers,
        )
        self.backbone_folder = backbone
        self.model: ConversationModel
        self.preparation: Preparation
        self.model, self.preparation = new_model(recipe.model, corpus.label_set, self.registry, backbone)
        if settings.start_from:
            start_from(self.model, corpus.label_set, backbone_checksum(backbone), Path(settings.start_from))
        self.model.to(self.device).train()
        self.optimizer = make_optimizer(self.model, settings)
        self.wrapped = self.accelerator.prepare_model(self.model)
        self.average = WeightAverage(self.model, settings.average)
        train_split, dev_split = corpus.split("train"), corpus.split("dev")
        self.data = TrainingData.from_conversations(train_split, corpus.label_set, self.preparation)
        self.joint: PreparedConversations = self.preparation.prepare([*train_split, *dev_split])
        self._read_ahead([*train_split, *dev_split])
        self.dev = list(range(len(train_split), len(self.joint)))
        self.dev_labels = [i for c in dev_split for i in corpus.label_set.indices(u.label for u in c.utterances)]
        self.dev_possible = possible_labels(dev_split, corpus.label_set)
        labels = self.data.labels.tolist()
        self.objective = make_step_loss(settings, labels, corpus.label_set, self.model.memory_width, self.device)
        self.metric_loss = self.objective.metric
        self.soft = load_soft_targets(settings, train_split, corpus.label_set)
        # History vectors of all training utterances, replaced whenever their conversation is trained on: at most one
        # epoch old when another conversation remembers them, zero until their conversation's turn in the first epoch.
        # Where a frozen backbone's vectors are known, what is remembered is read again instead.
        is_kept = recipe.model.history.scope == "all" and self.joint.vectors is None
        rows = self.data.prepared.utterances if is_kept else 0
        self.memory = torch.zeros(rows, self.model.memory_width, device=self.device)
        chances = conversation_chances(train_split, corpus.label_set, settings)
        self.epochs = [
            epoch_batches(self.data.prepared, settings, e, chances, self.data.repeats) for e in range(settings.epochs)
        ]
        self.alternates = self.metric_loss is not None and settings.metric.schedule == "alternate"
        if self.alternates:  # each epoch goes over its batches twice: cross-entropy, then the metric loss
            self.epochs = [[*batches, *batches] for batches in self.epochs]
        self.group = settings.accumulate * self.accelerator.num_processes  # batches per optimiser step
        self.steps = sum(-(-len(batches) // self.group) for batches in self.epochs)
        self.step = self.epoch = self.batch = 0
        self.metric = selection_metric(corpus)
        self.best: dict[str, Any] = {self.metric: -1.0, "epoch": -1, "step": -1}
        self.last_checkpoint = time.monotonic()
        self.seconds = 0.0

    def run(self, model_folder: Path) -> None:
        """All epochs, then the model folder."""
        self._resume()
        settings = self.settings
        if settings.head_first.epochs and not self.step:
            train_head_first(
                self.model, self.data, self.corpus.label_set, settings.head_first, settings.seed, self.quiet
            )
        main = self.accelerator.is_main_process
        total = sum(len(batches) for batches in self.epochs)
        done = sum(len(batches) for batches in self.epochs[: self.epoch]) + self.batch
        with Journal(self.out, enabled=main) as journal, Progress(total, "Training", "batches", self.quiet) as bar:
            bar.advance(done)
            while self.epoch < self.settings.epochs and not self._is_exhausted():
                self._run_epoch(journal, bar)
                self.epoch, self.batch = self.epoch + 1, 0
                self._checkpoint()
        if main:
            self._write_model(model_folder)
        self.accelerator.wait_for_everyone()

    def _is_exhausted(self) -> bool:
        patience = self.settings.patience
        return bool(patience) and self.best["epoch"] >= 0 and self.epoch - self.best["epoch"] > patience

    def _run_epoch(self, journal: Journal, bar: Progress) -> None:
        batches = self.epochs[self.epoch]
        marks = evaluation_marks(len(batches), self.settings.evaluations_per_epoch, self.group)
        rank, processes = self.accelerator.process_index, self.accelerator.num_processes
        groups = [batches[start : start + self.group] for start in range(self.batch, len(batches), self.group)]
        # the last step of an epoch may have fewer batches than processes; all must join in averaging gradients
        mine = [group[rank::processes] or group[:1] for group in groups]
        order = [chosen for own in mine for chosen in own]
        with closing(packed_ahead(order, self.data, self.preparation, self.memory)) as packed:
            for group, own in zip(groups, mine, strict=True):
                began = time.monotonic()
                share = processes if group[rank::processes] else 0
                loss, norm = self.optimizer_step(islice(packed, len(own)), group, share)
                self.step += 1
                self.batch += len(group)
                self.seconds += time.monotonic() - began
                bar.advance(len(group), f"loss {loss:.3f}, dev {max(self.best[self.metric], 0):.4f}")
                journal.write({"step": self.step, "epoch": self.epoch, "loss": loss, "gradient_norm": norm})
                if self.batch in marks:
                    self._evaluate(journal)
                if time.monotonic() - self.last_checkpoint > self.checkpoint_seconds:
                    self._checkpoint()
        self._share_memory()

    def optimizer_step(
        self, packed: Iterable[tuple[list[int], ModelInputs]], group: list[list[int]], share: int = 1
    ) -> tuple[float, float]:
        """One step on a group of batches.

        Args:
            packed: The batches that this process runs, with their inputs.
            group: All batches of the step, over all processes.
            share: Factor of this process' gradients: the number of processes, as gradients are averaged over them, or
                0 where it only takes part.

        Returns:
            Loss of this process and the gradient's norm.
        """
        settings = self.settings
        rows = [self.data.prepared.rows(chosen) for chosen in group]
        labelled = sum(int((self.data.labels[r] != NO_LABEL).sum()) for r in rows) or 1
        factor = rate_factor(self.step, self.steps, round(settings.warmup * self.steps))
        for param_group in self.optimizer.param_groups:
            param_group["lr"] = param_group.setdefault("peak", param_group["lr"]) * factor
        total = 0.0
        batches = iter(packed)
        following = next(batches, None)
        while following is not None:
            (chosen, inputs), following = following, next(batches, None)
            with self.accelerator.no_sync(self.wrapped) if following is not None else nullcontext():
                loss = self._loss(chosen, inputs.to(self.device), self._phase()) / labelled * share
                self.accelerator.backward(loss)
            total += loss.item()
        norm = float(torch.nn.utils.clip_grad_norm_(self._trainable(), settings.clip))
        if not math.isfinite(norm):  # before the step, so that weights and checkpoints stay sound
            raise SettingError(
                f"the training diverged at step {self.step}: the gradient is not a number. "
                "Lower training.backbone_rate and training.head_rate, and train into another --out."
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update()
        return total, norm

    def _phase(self) -> str:
        if not self.alternates:
            return "joint"
        return "cross-entropy" if 2 * self.batch < len(self.epochs[self.epoch]) else "metric"

    def _loss(self, chosen: list[int], inputs: ModelInputs, phase: str) -> Tensor:
        rows = torch.from_numpy(self.data.prepared.rows(chosen))
        labels = self.data.labels[rows].to(self.device)
        soft = None if self.soft is None else self.soft[rows].to(self.device)
        possible = None if self.data.possible is None else self.data.possible[rows].to(self.device)
        with autocast(self.precision, self.device):
            loss, output = self.objective(lambda: self.wrapped(inputs), labels, soft, phase, possible)
        if len(self.memory):
            self.memory[rows.to(self.device)] = output.memory.detach().float()
        return loss

    def _read_ahead(self, conversations: Sequence[Conversation]) -> None:
        """Where the backbone is frozen, its vectors of all utterances, from the cache folder or computed now."""
        with self.accelerator.main_process_first():  # the others find them in the cache
            self.joint = with_known_vectors(
                self.model,
                self.preparation,
                self.joint,
                conversations,
                self.backbone_folder,
                precision=self.precision,
                quiet=self.quiet,
            )
        if self.joint.vectors is not None:
            known = self.joint.vectors.first(self.data.prepared.utterances)
            self.data = dataclasses.replace(self.data, prepared=dataclasses.replace(self.data.prepared, vectors=known))

    def _trainable(self) -> list[Tensor]:
        return [p for p in self.model.parameters() if p.requires_grad]

    def _share_memory(self) -> None:
        """With several processes, give each the vectors that the others refreshed in this epoch."""
        if self.accelerator.num_processes == 1 or not len(self.memory):
            return
        mine = torch.zeros(len(self.memory), 1, device=self.device)
        for number, chosen in enumerate(self.epochs[self.epoch]):
            if number % self.group % self.accelerator.num_processes == self.accelerator.process_index:
                mine[torch.from_numpy(self.data.prepared.rows(chosen))] = 1.0
        self.memory.copy_(self.accelerator.reduce(self.memory * mine, "sum"))

    def _dev_logits(self) -> Any:
        logits = predict_logits(
            self.model,
            self.preparation,
            self.joint,
            self.dev,
            precision=self.precision,
            known_memory=self.memory if len(self.memory) else None,
        )
        return bar_impossible(torch.from_numpy(logits), self.dev_possible).numpy()

    def _evaluate(self, journal: Journal) -> None:
        from accelerate.utils import broadcast_object_list

        with self.average.applied():
            logits = self._dev_logits()
            self._adjust(logits)
            found = dev_scores(self.dev_labels, logits.argmax(1).tolist(), self.corpus.label_set, self.metric)
            journal.write({"step": self.step, "epoch": self.epoch, "split": "dev", **found})
            if found[self.metric] > self.best[self.metric]:
                self.best = {**found, "epoch": self.epoch, "step": self.step}
                if self.accelerator.is_main_process:
                    state = {"best": self.best}
                    save_checkpoint(self.out / "best", Checkpoint(self.step, trained_tensors(self.model), state))
        # each process scored with its own history vectors; the first decides for all when to stop
        (self.best,) = broadcast_object_list([self.best])

    def _adjust(self, logits: NDArray[np.float32]) -> float:
        """Add what dev chooses to the neutral logits, in place; returns it."""
        if not self.settings.adjusts_neutral:
            return 0.0
        return adjust_neutral(logits, self.dev_labels, self.corpus.label_set, self.metric)

    def _checkpoint(self) -> None:
        self.last_checkpoint = time.monotonic()
        if not self.accelerator.is_main_process:
            return
        tensors = run_tensors(self.model, self.average, self.optimizer)
        tensors["memory"] = self.memory.cpu()
        tensors.update({} if self.metric_loss is None else self.metric_loss.tensors())
        save_checkpoint(self.out / "checkpoints", Checkpoint(self.step, tensors, run_position(self)))

    def _resume(self) -> None:
        checkpoint, notes = load_checkpoint(self.out / "checkpoints")
        for note in notes:
            self.accelerator.print(note)
        if checkpoint is None:
            return
        tensors, state = checkpoint.tensors, checkpoint.state
        restore_run(self, self.model, tensors, state)
        if len(self.memory):
            self.memory.copy_(tensors["memory"])
        if self.metric_loss is not None:
            self.metric_loss.restore(tensors)

    def _write_model(self, folder: Path) -> None:
        checkpoint, _ = load_checkpoint(self.out / "best", self.best["step"])
        if checkpoint is None:
            raise CheckpointError(f"{self.out}: no scored weights were found. Train again into another --out.")
        set_trained_tensors(self.model, dict(checkpoint.tensors), self.out)
        # The memory cache holds vectors of later weights; the temperature is fitted on what the model itself gives.
        logits = predict_logits(self.model, self.preparation, self.joint, self.dev, precision=self.precision)
        logits = bar_impossible(torch.from_numpy(logits), self.dev_possible).numpy()
        offset = self._adjust(logits)
        if offset:
            with torch.no_grad():
                self.model.label_bias[self.corpus.label_set.index(str(self.corpus.label_set.neutral))] += offset
        known = [i for i, y in enumerate(self.dev_labels) if y != NO_LABEL]
        temperature = fit_temperature(logits[known], [self.dev_labels[i] for i in known])
        pretrained = PretrainedModel(
            self.model.eval(),
            self.preparation,
            self.recipe.model,
            self.corpus.label_set,
            self.registry,
            self.backbone_folder,
            backbone_checksum(self.backbone_folder),
            {**self.recipe.to_dict(), "corpus": self.corpus.name},
            temperature,
            {
                "dev": checkpoint.state["best"],
                "selected_by": self.metric,
                "neutral_offset": offset,
                "training_seconds": round(self.seconds, 1),
                "training_device": device_name(self.device, self.accelerator.num_processes),
            },
            self.recipe.name.replace("/", "-"),
        )
        pretrained.save_pretrained(folder, card=model_card(pretrained, dataclasses.asdict(self.settings)))
