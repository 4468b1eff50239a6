"""Prompt learner: LoRA adapters of a causal LM learn the likelihoods of labels."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from erckit.causal.causal_lm import CausalLM
from erckit.causal.lora import load_with_lora, save_memory
from erckit.causal.prompt_packing import PromptBatch, pack_prompts
from erckit.conversation import Conversation
from erckit.corpora.corpus import Corpus
from erckit.encoding.precision import autocast, resolve_precision
from erckit.model_folder.adapter_card import adapter_card
from erckit.model_folder.adapter_folder import AdapterFolder
from erckit.model_folder.tensors import trained_tensors
from erckit.models.prompts import prompt_style
from erckit.networks.preparation import batches_of
from erckit.prompting.annotation.annotation_cost import AnnotationCost, annotation_cost
from erckit.prompting.annotation.annotation_rows import placeholder_rows, write_rows
from erckit.prompting.annotation.biography_settings import BiographySettings
from erckit.prompting.context.context_builder import ContextBuilder
from erckit.prompting.context.context_settings import EngineSettings
from erckit.prompting.context.demonstrations import DEMONSTRATIONS, demonstration_text
from erckit.prompting.context.example_pool import EXAMPLES, example_text
from erckit.prompting.scoring.label_likelihood import label_scores
from erckit.prompting.scoring.prompt_system import PromptSystem
from erckit.recipe.prompt_builder import llm_builder
from erckit.recipe.recipe import Recipe
from erckit.training.cost import LlmDryRun, matmul_rate
from erckit.training.data import possible_labels, repeats_of
from erckit.training.learner import Epoch, Moment, Outcome
from erckit.training.objectives.objective import NO_LABEL, class_weights
from erckit.training.prompts.lesson import Lesson, join_lessons, lesson_loss, lesson_parts
from erckit.training.prompts.lesson_maker import LessonMaker

if TYPE_CHECKING:
    from accelerate import Accelerator

FIRST, MAIN = "first", "main"

EFFICIENCY = 0.5  # share of the matrix-product peak that LoRA training of a small LM reaches on CPU
COMPARED = 0.35  # share of all pairs of tokens that attention by tiles compares
LAYER_BYTES = 40  # bytes kept per token, layer and hidden unit for the way back, in bf16
ASKED = ("local", "endpoint")  # writers of annotations that cost something


class PromptLearner:
    """Learner of a prompt system; a piece is a lesson. The conversations of a batch are read in one pass each.

    Args:
        recipe: What to train and how.
        corpus: With the splits ``train`` and ``dev``.
        accelerator: Spreads the training over devices and processes.
        quiet: No progress.
    """

    rates: ClassVar[str] = "training.backbone_rate"
    is_rescored: ClassVar[bool] = False
    finds_unused: ClassVar[bool] = False

    def __init__(self, recipe: Recipe, corpus: Corpus, accelerator: Accelerator, quiet: bool) -> None:
        settings, label_set = recipe.training, corpus.label_set
        self.recipe, self.corpus, self.settings = recipe, corpus, settings
        self.accelerator, self.quiet, self.is_trained = accelerator, quiet, settings.llm.is_trained
        self.device: torch.device = accelerator.device
        self.precision = resolve_precision(settings.precision, self.device)
        lora = recipe.lora if settings.llm.is_trained else None
        self.lm = load_with_lora(recipe.model.backbone, lora, self.precision, str(self.device))
        if settings.llm.saves_memory:
            save_memory(self.lm.model)
        self.reader = _Reader(self.lm)
        train_split, dev_split = corpus.split("train"), corpus.split("dev")
        self.builder = llm_builder(recipe, corpus, self.quiet)
        self.system = PromptSystem(self.lm, self.builder)
        taught = range(len(train_split))
        with accelerator.main_process_first():  # the others find vectors and annotations in the cache
            self.train = self.builder.gather(train_split, taught=taught, tasks=settings.llm.tasks, quiet=self.quiet)
            # What dev may remember of train; train remembers nothing of dev.
            remembered = train_split if self.builder.scope == "all" else ()
            self.joint = self.builder.gather([*remembered, *dev_split], quiet=self.quiet)
        self.dev = list(range(len(remembered), len(remembered) + len(dev_split)))
        self.labels = [i for c in train_split for i in label_set.indices((u.label for u in c.utterances), NO_LABEL)]
        weights = class_weights(settings.class_weights, self.labels, len(label_set))
        if label_set.neutral is not None:
            weights[label_set.index(label_set.neutral)] *= settings.neutral_weight
        possible = possible_labels(train_split, label_set)
        self.lessons = LessonMaker(self.system, self.train, self.labels, weights, possible, settings)
        for name in settings.llm.extra_tasks:
            self.lessons.check_task(name, f"training.llm.extra_tasks.{name}")
        if settings.llm.first_task:
            self.lessons.check_task(settings.llm.first_task, "training.llm.first_task")
        self.repeats = repeats_of(train_split)
        self.first_asked: list[int] = []  # questions of each conversation's first lesson
        self.tokens: dict[str, list[int]] = {}  # of each conversation's prompts, by stage, in order
        self.own_share = 0.0  # of the emotions that the latest step showed, those the model gave itself
        self.model = self.lm.model
        if self.is_trained:
            self._count()
            parameters = [p for p in self.model.parameters() if p.requires_grad]
            rate, decay = settings.backbone_rate, settings.weight_decay
            self.optimizer = torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.95), weight_decay=decay)
            self.wrapped = accelerator.prepare_model(self.reader)
            self.model.train()

    @property
    def adjusts(self) -> Literal["all", "none"]:
        """Whether dev chooses offsets of all labels."""
        return "all" if self.settings.llm.adjusts_labels else "none"

    def _count(self) -> None:
        """Tokens of every lesson: an estimate where emotions are drawn, as other visits show other labels."""
        conversations = range(len(self.repeats))
        main = [self.lessons.main(c, 0, 0.0).tokens for c in conversations]
        if self.settings.llm.first_task:
            first = [self.lessons.first(c) for c in conversations]
            self.first_asked = [len(lesson.gold) for lesson in first]
            self.tokens[FIRST] = [lesson.tokens for lesson in first]
        self.tokens[MAIN] = main

    def plan(self) -> list[Epoch]:
        """Epochs of both stages: shuffled by seed and epoch, cut by tokens; none where nothing is trained."""
        settings = self.settings
        counts = {FIRST: settings.llm.first_epochs, MAIN: settings.epochs}
        epochs = []
        for stage, tokens in self.tokens.items():
            for epoch in range(counts[stage]):
                rng = np.random.default_rng([settings.seed, epoch, len(stage)])
                order = [int(c) for c in rng.permutation(len(tokens)) for _ in range(self.repeats[c]) if tokens[c]]
                batches = batches_of(order, tokens, settings.batch_tokens)
                epochs.append(Epoch(batches, stage, is_scored=stage == MAIN))
        return epochs

    def begin(self) -> None:
        """Nothing comes before the first step."""

    def ahead(self, order: Sequence[list[int]]) -> AbstractContextManager[None]:
        """Nothing is made ahead: a lesson shows what the model says now."""
        return nullcontext()

    def pieces(self, batches: Sequence[list[int]], moment: Moment) -> Iterator[Lesson]:
        """Lessons of one step, in parts that fit one pass."""
        if self.device.type == "cpu":  # one after the other: the same gradient, no padding, and less memory
            batches = [[c] for chosen in batches for c in chosen]
        if moment.stage == MAIN:
            conversations = [c for chosen in batches for c in chosen]
            with autocast(self.precision, self.device):
                self.own_share = self.lessons.label_shown(conversations, moment.epoch, moment.progress)
        for chosen in batches:
            lesson = join_lessons([self._lesson(c, moment) for c in chosen])
            yield from lesson_parts(lesson, self.system.room, self.settings.batch_tokens)

    def _lesson(self, c: int, moment: Moment) -> Lesson:
        return self.lessons.first(c) if moment.stage == FIRST else self.lessons.main(c, moment.epoch, moment.progress)

    def asked(self, group: Sequence[list[int]], moment: Moment) -> int:
        """Labelled utterances of a step, or its questions in the first stage."""
        chosen = [c for batch in group for c in batch]
        if moment.stage == FIRST:
            return sum(self.first_asked[c] for c in chosen) or 1
        rows = self.train.rows(chosen)
        return sum(self.labels[row] != NO_LABEL for row in rows) or 1

    def loss(self, piece: Lesson, moment: Moment) -> Tensor:
        """Summed loss of the answers to a lesson's questions."""
        batch = pack_prompts(
            piece.prompts, self.system.room, padding_token=self.lm.padding_token, positions=self.lm.positions
        )
        with autocast(self.precision, self.device):
            scores = self.wrapped(batch.to(self.device))  # (R, L)
        bars = self.lessons.bars(piece)
        barred = None
        if bars is not None:  # tasks may have more answers than there are labels, or fewer
            width = min(scores.shape[1], bars.shape[1])
            barred = torch.zeros(scores.shape, dtype=torch.bool)
            barred[:, :width] = torch.from_numpy(bars[:, :width])
        return lesson_loss(scores, piece, self.settings.label_smoothing, barred)

    def step_done(self, moment: Moment) -> Mapping[str, float]:
        """With several processes, give each what the others' models said of their utterances in this step."""
        if not self.builder.shows_past:
            return {}
        if self.accelerator.num_processes > 1:
            lessons, epoch = self.lessons, moment.epoch
            mine = torch.from_numpy(np.where(lessons.met == epoch, lessons.own, -1))[None]  # (1, N)
            gathered = self.accelerator.gather(mine.to(self.device)).cpu().numpy()  # (processes, N)
            for labels in gathered[::-1]:  # the first process wins
                lessons.own[labels >= 0], lessons.met[labels >= 0] = labels[labels >= 0], epoch
        return {"own_share": self.own_share} if moment.stage == MAIN else {}

    def epoch_done(self, epoch: Epoch) -> None:
        """Nothing: processes share after every step."""

    def dev_logits(self, is_final: bool = False) -> NDArray[np.float32]:
        """Likelihoods of the labels of dev, (N, L)."""
        with autocast(self.precision, self.device):
            return self.system.scores(self.joint, self.dev, batch_tokens=self.settings.batch_tokens)

    def state(self) -> dict[str, Tensor]:
        """The labels that the model gave itself, and the epoch in which it did."""
        return {"own": torch.from_numpy(self.lessons.own.copy()), "met": torch.from_numpy(self.lessons.met.copy())}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Undo :meth:`state`."""
        self.lessons.own = tensors["own"].numpy().copy()
        if "met" in tensors:  # an older checkpoint lacks it: its labels are made anew
            self.lessons.met = tensors["met"].numpy().copy()

    def save(self, folder: Path, outcome: Outcome) -> None:
        """Write the adapter, demonstrations and examples, which labelling needs, calibration and card."""
        builder, offsets = self.builder, outcome.calibration.offsets
        files = {} if builder.pool is None else {DEMONSTRATIONS: demonstration_text(builder.pool)}
        if builder.examples is not None:
            files[EXAMPLES] = example_text(builder.examples)
        unadjusted = {} if offsets is None else {"dev_unadjusted": outcome.plain}
        recipe = self.recipe
        written = AdapterFolder(
            name=recipe.name.replace("/", "-"),
            system=recipe.model.name,
            base=recipe.model.backbone,
            base_sha256=self.lm.sha256,
            label_set=self.corpus.label_set,
            lora=recipe.lora,
            tensors=trained_tensors(self.model) if self.is_trained else {},
            recipe={**json.loads(json.dumps(recipe.to_dict())), "corpus": self.corpus.name},
            temperature=outcome.calibration.temperature,
            scores={"dev": {**outcome.best, **outcome.adjusted}, **unadjusted, **outcome.facts},
            anonymous=tuple(sorted(self.corpus.anonymous_speakers)),
            files=files,
            offsets=offsets,
        )
        parameters = sum(p.numel() for p in self.model.parameters())
        written.save(folder, adapter_card(written, asdict(recipe.training), parameters, builder.style.is_causal))

    @classmethod
    def cost(cls, recipe: Recipe, corpus: Corpus) -> LlmDryRun:
        """Estimate from the prompts: the causal LM is loaded and not run.

        Annotations that a language model would write are not asked for: words of the expected length stand in their
        place.
        """
        from accelerate import Accelerator

        cost = None
        with TemporaryDirectory() as folder:
            if recipe.context.engine.kind in ASKED:
                corpus = _told_apart(corpus)
                path = Path(folder) / "annotations.jsonl"
                cost = _annotations(recipe, corpus, path)
                engine = EngineSettings("file", file=str(path))
                recipe = replace(recipe, context=replace(recipe.context, engine=engine))
            learner = cls(recipe, corpus, Accelerator(), quiet=True)
        settings, model = recipe.training, learner.lm.model
        split = corpus.split("train")
        epochs = learner.plan()
        lengths = {epoch.stage: 0 for epoch in epochs}
        longest, group = 0, settings.accumulate * learner.accelerator.num_processes
        for epoch in epochs:
            tokens = [learner.tokens[epoch.stage][c] for batch in epoch.batches for c in batch]
            lengths[epoch.stage] += sum(tokens)
            longest = max([longest, *tokens])
        total, of_main = sum(lengths.values()), lengths.get(MAIN, 0)
        parameters = sum(p.numel() for p in model.parameters())
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        config = model.config
        width, depth = int(config.hidden_size), int(config.num_hidden_layers)
        embedded = int(config.vocab_size) * width
        # forward, and the way back through the activations of layers with adapters; the weights get no gradient
        back = min(1.0, recipe.lora.layers / depth) if recipe.lora.layers else 1.0
        dense = total * 2 * (1 + back) * (parameters - embedded)
        compared = COMPARED if learner.device.type == "cpu" else 1.0
        attention = (1 + 2 * back) * total * compared * min(longest, settings.batch_tokens) * 4 * width * depth
        passes = 2 if learner.builder.shows_past else 1
        dev = sum(len(c) for c in corpus.split("dev")) / max(1, sum(len(c) for c in split))
        scored = of_main * dev * passes * settings.evaluations_per_epoch * 2 * parameters
        if learner.builder.shows_past and recipe.context.recent.gold_share < 1:  # the first pass, which shows less
            scored += of_main * 0.75 * 2 * (parameters - embedded)
        rate = matmul_rate(learner.device, learner.precision) * EFFICIENCY
        at_once: float = longest if learner.device.type == "cpu" else max(longest, settings.batch_tokens)
        if settings.llm.saves_memory:  # the inputs of all layers, and one layer whole
            at_once /= depth / 2
        activations = at_once * width * depth * back * LAYER_BYTES
        weights = parameters * (2 if learner.precision == "bf16" else 4) + 16 * trained
        return LlmDryRun(
            len(split),
            sum(len(c) for c in split),
            of_main // max(1, settings.epochs),
            0,
            sum(-(-len(epoch.batches) // group) for epoch in epochs),
            round((weights + activations) / 1e6) + 700,  # the interpreter and its libraries
            (dense + attention + scored) / rate / 60,
            f"{learner.device.type}, {learner.precision}, {torch.get_num_threads()} threads",
            cost,
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


def _annotations(recipe: Recipe, corpus: Corpus, path: Path) -> AnnotationCost | None:
    """Write placeholders for train and dev; what the real ones would cost at most, None where prompts show none."""
    history, anonymous = recipe.model.history, corpus.anonymous_speakers
    style: Any = prompt_style(recipe.model.name, recipe.style)
    builder = ContextBuilder(style, corpus.label_set, recipe.context, history.scope, history.order, anonymous)
    learnt = [fields for task, fields in style.task_needs.items() if task in recipe.training.llm.tasks]
    shows_biographies = "biographies" in style.needs.union(*learnt)
    how = builder.biography_settings(history.scope) if shows_biographies else BiographySettings()
    elements = tuple(getattr(style.settings, "elements", ()))
    train, dev = corpus.split("train"), corpus.split("dev")
    joint = [*(train if history.scope == "all" else ()), *dev]  # as dev is read
    rows = {
        (row.conversation, row.utterance): row
        for part in (joint, train)
        for row in placeholder_rows(part, how, elements, anonymous)
    }
    write_rows(path, list(rows.values()))
    asked: list[tuple[Sequence[Conversation], Sequence[str]]] = []
    if shows_biographies:
        asked += [(train, ()), (joint, ())]
    if "characteristics" in style.needs:
        asked += [([*train, *dev], elements)]
    elif "characteristics" in style.needs.union(*learnt):
        asked += [(train, elements)]
    costs = [annotation_cost(part, how, names, anonymous) for part, names in asked]
    return AnnotationCost(sum(c.requests for c in costs), sum(c.tokens for c in costs)) if costs else None


def _told_apart(corpus: Corpus) -> Corpus:
    """The corpus with other ids where two of its conversations share one: a file of annotations goes by ids."""
    ids = Counter(one.id for name in ("train", "dev") for one in corpus.split(name))
    if max(ids.values(), default=0) < 2:
        return corpus
    splits = {
        name: tuple(replace(one, id=f"{name} {i} {one.id}") for i, one in enumerate(conversations))
        for name, conversations in corpus.splits.items()
    }
    return replace(corpus, splits=splits)
