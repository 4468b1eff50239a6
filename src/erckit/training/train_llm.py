"""Train an LLM system on a corpus: LoRA adapters learn label likelihoods, the epoch is chosen on dev."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from erckit.causal.causal_lm import CausalLM
from erckit.causal.lora import load_with_lora, save_memory
from erckit.causal.prompt_packing import PromptBatch, pack_prompts
from erckit.corpora.corpus import Corpus
from erckit.errors import CheckpointError, SettingError
from erckit.metrics.calibration import fit_temperature
from erckit.model_folder.tensors import set_trained_tensors, trained_tensors
from erckit.networks.inference import autocast, resolve_precision
from erckit.networks.preparation import batches_of
from erckit.progress import Progress
from erckit.prompting.scoring.label_likelihood import label_scores
from erckit.prompting.scoring.prompt_system import PromptSystem
from erckit.recipe.prompt_builder import llm_builder
from erckit.recipe.recipe import Recipe
from erckit.training.average import WeightAverage
from erckit.training.checkpoint import (
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from erckit.training.data import possible_labels, repeats_of
from erckit.training.journal import Journal
from erckit.training.label_offsets import best_label_offsets
from erckit.training.llm_folder import write_llm_folder
from erckit.training.objectives.objective import NO_LABEL, bar_impossible, class_weights
from erckit.training.optimizer import rate_factor
from erckit.training.prompts.lesson import Lesson, join_lessons, lesson_loss, lesson_parts
from erckit.training.prompts.lesson_maker import LessonMaker
from erckit.training.run_state import (
    dev_scores,
    device_name,
    evaluation_marks,
    restore_run,
    run_position,
    run_tensors,
    selection_metric,
)

FIRST, MAIN = "first", "main"


class LlmTraining:
    """One run; its attributes are what a checkpoint keeps.

    The conversations of a batch are read in one pass each. Checkpoints, the choice of the epoch, patience and the
    folder are those of every other training.
    """

    def __init__(self, recipe: Recipe, corpus: Corpus, out: Path, quiet: bool, checkpoint_seconds: float) -> None:
        from accelerate import Accelerator
        from accelerate.utils import DistributedDataParallelKwargs

        settings = recipe.training
        self.recipe, self.corpus, self.out, self.settings = recipe, corpus, out, settings
        spread = DistributedDataParallelKwargs(find_unused_parameters=False)
        self.accelerator = Accelerator(kwargs_handlers=[spread])
        self.device: torch.device = self.accelerator.device
        self.precision = resolve_precision(settings.precision, self.device)
        self.quiet = quiet or not self.accelerator.is_main_process
        self.checkpoint_seconds = checkpoint_seconds
        torch.manual_seed(settings.seed)
        lora = recipe.lora if settings.llm.is_trained else None
        self.lm = load_with_lora(recipe.model.backbone, lora, self.precision, str(self.device))
        if settings.llm.saves_memory:
            save_memory(self.lm.model)
        self.reader = _Reader(self.lm)
        train_split, dev_split = corpus.split("train"), corpus.split("dev")
        self.builder = llm_builder(recipe, corpus, self.quiet)
        self.system = PromptSystem(self.lm, self.builder)
        taught = range(len(train_split))
        with self.accelerator.main_process_first():  # the others find vectors and annotations in the cache
            self.train = self.builder.gather(train_split, taught=taught, tasks=settings.llm.tasks, quiet=self.quiet)
            # What dev may remember of train; train remembers nothing of dev.
            remembered = train_split if self.builder.scope == "all" else ()
            self.joint = self.builder.gather([*remembered, *dev_split], quiet=self.quiet)
        self.dev = list(range(len(remembered), len(remembered) + len(dev_split)))
        label_set = corpus.label_set
        self.labels = [i for c in train_split for i in label_set.indices((u.label for u in c.utterances), NO_LABEL)]
        self.dev_labels = [i for c in dev_split for i in label_set.indices(u.label for u in c.utterances)]
        self.dev_possible = possible_labels(dev_split, label_set)
        weights = class_weights(settings.class_weights, self.labels, len(label_set))
        if label_set.neutral is not None:
            weights[label_set.index(label_set.neutral)] *= settings.neutral_weight
        possible = possible_labels(train_split, label_set)
        self.lessons = LessonMaker(self.system, self.train, self.labels, weights, possible, settings)
        for name in settings.llm.extra_tasks:
            self.lessons.check_task(name, f"training.llm.extra_tasks.{name}")
        if settings.llm.first_task:
            self.lessons.check_task(settings.llm.first_task, "training.llm.first_task")
        self.first_asked: list[int] = []
        self.tokens: dict[str, list[int]] = {}  # of each conversation's prompts, by stage
        self.epochs = self._plan(repeats_of(train_split)) if settings.llm.is_trained else []
        self.group = settings.accumulate * self.accelerator.num_processes
        self.stage_steps = {
            stage: sum(-(-len(batches) // self.group) for kind, batches in self.epochs if kind == stage)
            for stage in (FIRST, MAIN)
        }
        self.step = self.epoch = self.batch = 0
        self.own_share = 0.0  # of the emotions that the latest step showed, those the model gave itself
        self.metric = selection_metric(corpus)
        self.best: dict[str, Any] = {self.metric: -1.0, "epoch": -1, "step": -1}
        self.best_scores: NDArray[np.float32] | None = None  # of dev, as long as this process lives
        self.last_checkpoint = time.monotonic()
        self.seconds = 0.0
        if settings.llm.is_trained:
            self.optimizer = _optimizer(self.lm.model, settings.backbone_rate, settings.weight_decay)
            self.wrapped = self.accelerator.prepare_model(self.reader)
            self.average = WeightAverage(self.lm.model, settings.average)
            self.lm.model.train()

    def run(self, model_folder: Path) -> None:
        """All epochs, then the model folder."""
        main = self.accelerator.is_main_process
        if self.settings.llm.is_trained:
            self._resume()
            total = sum(len(batches) for _, batches in self.epochs)
            done = sum(len(batches) for _, batches in self.epochs[: self.epoch]) + self.batch
            with Journal(self.out, enabled=main) as journal, Progress(total, "Training", "batches", self.quiet) as bar:
                bar.advance(done)
                while self.epoch < len(self.epochs) and not self._is_exhausted():
                    self._run_epoch(journal, bar)
                    self.epoch, self.batch = self.epoch + 1, 0
                    self._checkpoint()
        if main:
            self._write_model(model_folder)
        self.accelerator.wait_for_everyone()

    def _plan(self, repeats: Sequence[int]) -> list[tuple[str, list[list[int]]]]:
        """Stage and batches of every epoch: shuffled by seed and epoch, cut by tokens."""
        settings, conversations = self.settings, range(len(repeats))
        # an estimate where emotions are drawn into the prompts: other visits show other labels
        plans = [(MAIN, settings.epochs, [self.lessons.main(c, 0, 0.0).tokens for c in conversations])]
        if settings.llm.first_task:
            first = [self.lessons.first(c) for c in conversations]
            self.first_asked = [len(lesson.gold) for lesson in first]
            plans.insert(0, (FIRST, settings.llm.first_epochs, [lesson.tokens for lesson in first]))
        epochs = []
        self.tokens = {stage: tokens for stage, _, tokens in plans}
        for stage, count, tokens in plans:
            for epoch in range(count):
                rng = np.random.default_rng([settings.seed, epoch, len(stage)])
                order = [int(c) for c in rng.permutation(len(tokens)) for _ in range(repeats[c]) if tokens[c]]
                epochs.append((stage, batches_of(order, tokens, settings.batch_tokens)))
        return epochs

    def _is_exhausted(self) -> bool:
        patience, best = self.settings.patience, self.best["epoch"]
        return bool(patience) and best >= 0 and self.epoch - best > patience

    def _run_epoch(self, journal: Journal, bar: Progress) -> None:
        stage, batches = self.epochs[self.epoch]
        marks = (
            evaluation_marks(len(batches), self.settings.evaluations_per_epoch, self.group) if stage == MAIN else set()
        )
        rank, processes = self.accelerator.process_index, self.accelerator.num_processes
        while self.batch < len(batches):
            began = time.monotonic()
            group = batches[self.batch : self.batch + self.group]
            mine, share = group[rank::processes] or group[:1], processes if group[rank::processes] else 0
            loss, norm = self._optimizer_step(stage, mine, group, share)
            self._share_own()
            self.step += 1
            self.batch += len(group)
            self.seconds += time.monotonic() - began
            bar.advance(len(group), f"loss {loss:.3f}, dev {max(self.best[self.metric], 0):.4f}")
            record = {"step": self.step, "epoch": self.epoch, "stage": stage, "loss": loss, "gradient_norm": norm}
            journal.write(
                {**record, "own_share": self.own_share} if stage == MAIN and self.builder.shows_past else record
            )
            if self.batch in marks:
                self._evaluate(journal)
            if time.monotonic() - self.last_checkpoint > self.checkpoint_seconds:
                self._checkpoint()

    def _optimizer_step(
        self, stage: str, mine: list[list[int]], group: list[list[int]], share: int
    ) -> tuple[float, float]:
        """One step on the batches of this process; ``group`` are those of all. Loss and the gradient's norm."""
        settings = self.settings
        steps = self.stage_steps[stage]
        step = self.step if stage == FIRST else self.step - self.stage_steps[FIRST]
        factor = rate_factor(step, steps, round(settings.warmup * steps))
        for param_group in self.optimizer.param_groups:
            param_group["lr"] = settings.backbone_rate * factor
        asked = self._asked(stage, group)
        if self.device.type == "cpu":  # one after the other: the same gradient, no padding, and less memory
            mine = [[c] for chosen in mine for c in chosen]
        progress = step / max(1, steps - 1)  # 1 at the last step
        if stage == MAIN:
            with autocast(self.precision, self.device):
                self.own_share = self.lessons.label_shown([c for chosen in mine for c in chosen], self.epoch, progress)
        total = 0.0
        for number, chosen in enumerate(mine):
            lesson = join_lessons([self._lesson(stage, c, progress) for c in chosen])
            parts = lesson_parts(lesson, self.system.room, settings.batch_tokens)
            for place, part in enumerate(parts):
                is_last = (number, place) == (len(mine) - 1, len(parts) - 1)
                with nullcontext() if is_last else self.accelerator.no_sync(self.wrapped):
                    loss = self._loss(part) / asked * share
                    self.accelerator.backward(loss)
                total += loss.item()
        parameters = [p for p in self.lm.model.parameters() if p.requires_grad]
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, settings.clip))
        if not math.isfinite(norm):  # before the step, so that weights and checkpoints stay sound
            raise SettingError(
                f"the training diverged at step {self.step}: the gradient is not a number. "
                "Lower training.backbone_rate, and train into another --out."
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update()
        return total, norm

    def _asked(self, stage: str, group: list[list[int]]) -> int:
        """What the loss of a step is divided by: its labelled utterances, or its questions in the first stage."""
        chosen = [c for batch in group for c in batch]
        if stage == FIRST:
            return sum(self.first_asked[c] for c in chosen) or 1
        rows = self.train.rows(chosen)
        return sum(self.labels[row] != NO_LABEL for row in rows) or 1

    def _lesson(self, stage: str, c: int, progress: float) -> Lesson:
        return self.lessons.first(c) if stage == FIRST else self.lessons.main(c, self.epoch, progress)

    def _loss(self, lesson: Lesson) -> Tensor:
        batch = pack_prompts(
            lesson.prompts, self.system.room, padding_token=self.lm.padding_token, positions=self.lm.positions
        )
        with autocast(self.precision, self.device):
            scores = self.wrapped(batch.to(self.device))  # (R, L)
        bars = self.lessons.bars(lesson)
        barred = None
        if bars is not None:  # tasks may have more answers than there are labels, or fewer
            width = min(scores.shape[1], bars.shape[1])
            barred = torch.zeros(scores.shape, dtype=torch.bool)
            barred[:, :width] = torch.from_numpy(bars[:, :width])
        return lesson_loss(scores, lesson, self.settings.label_smoothing, barred)

    def _share_own(self) -> None:
        """With several processes, give each what the others' models said of their utterances in this step."""
        if self.accelerator.num_processes == 1 or not self.builder.shows_past:
            return
        lessons, epoch = self.lessons, self.epoch
        mine = torch.from_numpy(np.where(lessons.met == epoch, lessons.own, -1))[None]  # (1, R)
        for labels in self.accelerator.gather(mine.to(self.device)).cpu().numpy()[::-1]:  # the first process wins
            lessons.own[labels >= 0], lessons.met[labels >= 0] = labels[labels >= 0], epoch

    def _dev_scores(self) -> NDArray[np.float32]:
        with autocast(self.precision, self.device):
            scores = self.system.scores(self.joint, self.dev, batch_tokens=self.settings.batch_tokens)
        return bar_impossible(torch.from_numpy(scores), self.dev_possible).numpy()

    def _offsets(self, logits: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """What dev would have added to the labels' scores; None where nothing is to be added."""
        if not self.settings.llm.adjusts_labels:
            return None
        known = [i for i, y in enumerate(self.dev_labels) if y != NO_LABEL]
        gold = [self.dev_labels[i] for i in known]
        return best_label_offsets(logits[known], gold, self.corpus.label_set, self.metric)

    def _evaluate(self, journal: Journal) -> None:
        from accelerate.utils import broadcast_object_list

        with self.average.applied():
            logits = self._dev_scores()
            offsets = self._offsets(logits)
            moved = logits if offsets is None else logits + offsets
            found = dev_scores(self.dev_labels, moved.argmax(1).tolist(), self.corpus.label_set, self.metric)
            journal.write({"step": self.step, "epoch": self.epoch, "split": "dev", **found})
            if found[self.metric] > self.best[self.metric]:
                self.best = {**found, "epoch": self.epoch, "step": self.step}
                self.best_scores = logits
                if self.accelerator.is_main_process:
                    state = {"best": self.best}
                    save_checkpoint(self.out / "best", Checkpoint(self.step, trained_tensors(self.lm.model), state))
        (self.best,) = broadcast_object_list([self.best])

    def _checkpoint(self) -> None:
        self.last_checkpoint = time.monotonic()
        if not self.accelerator.is_main_process:
            return
        tensors = run_tensors(self.lm.model, self.average, self.optimizer)
        tensors["own"] = torch.from_numpy(self.lessons.own.copy())
        tensors["met"] = torch.from_numpy(self.lessons.met.copy())
        save_checkpoint(self.out / "checkpoints", Checkpoint(self.step, tensors, run_position(self)))

    def _resume(self) -> None:
        checkpoint, notes = load_checkpoint(self.out / "checkpoints")
        for note in notes:
            self.accelerator.print(note)
        if checkpoint is None:
            return
        tensors, state = checkpoint.tensors, checkpoint.state
        restore_run(self, self.lm.model, tensors, state)
        self.lessons.own = tensors["own"].numpy().copy()
        if "met" in tensors:  # an older checkpoint lacks it: its labels are made anew
            self.lessons.met = tensors["met"].numpy().copy()

    def _write_model(self, folder: Path) -> None:
        if self.settings.llm.is_trained:
            checkpoint, _ = load_checkpoint(self.out / "best", self.best["step"])
            if checkpoint is None:
                raise CheckpointError(f"{self.out}: no scored weights were found. Train again into another --out.")
            set_trained_tensors(self.lm.model, dict(checkpoint.tensors), self.out)
        logits = self._dev_scores() if self.best_scores is None else self.best_scores
        known = [i for i, y in enumerate(self.dev_labels) if y != NO_LABEL]
        gold = [self.dev_labels[i] for i in known]
        found = dev_scores(self.dev_labels, logits.argmax(1).tolist(), self.corpus.label_set, self.metric)
        if not self.settings.llm.is_trained:
            self.best = {"epoch": -1, "step": 0}
        offsets, plain = self._offsets(logits), {}
        if offsets is not None:
            logits = logits + offsets
            plain = {"dev_unadjusted": found}
            found = dev_scores(self.dev_labels, logits.argmax(1).tolist(), self.corpus.label_set, self.metric)
        write_llm_folder(
            folder,
            self.recipe,
            self.corpus,
            self.lm,
            self.builder,
            fit_temperature(logits[known], gold),
            {
                "dev": {**self.best, **found},
                **plain,
                "selected_by": self.metric,
                "training_seconds": round(self.seconds, 1),
                "training_device": device_name(self.device, self.accelerator.num_processes),
            },
            None if offsets is None else offsets.tolist(),
        )


class _Reader(nn.Module):
    """A causal LM as a module that takes a packed batch, so that it can be wrapped for several processes."""

    def __init__(self, lm: CausalLM) -> None:
        super().__init__()
        self.model = lm.model
        self._lm = lm

    def forward(self, batch: PromptBatch) -> Tensor:
        """Log-likelihoods of all answers of all questions, (R, L)."""
        return label_scores(self._lm, batch)


def _optimizer(model: nn.Module, rate: float, decay: float) -> torch.optim.AdamW:
    parameters = [p for p in model.parameters() if p.requires_grad]
    return torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.95), weight_decay=decay)
