"""Network learner: trains an encoder with its context and label head."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from erckit.causal.causal_lm import CausalLM
from erckit.conversation import Conversation
from erckit.corpora.corpus import Corpus
from erckit.encoding.architecture import position_offset
from erckit.encoding.precision import autocast, resolve_precision
from erckit.encoding.tokens import TokenizedConversation
from erckit.memory.identity import SpeakerRegistry
from erckit.model_folder.card import model_card
from erckit.model_folder.network_folder import PretrainedModel, new_model
from erckit.model_folder.reader_backbone import load_reader, reader_checksum, reader_folder
from erckit.models import model_class
from erckit.networks.causal_reader import row_tokens, text_config
from erckit.networks.inference import predict_logits
from erckit.networks.network import ConversationModel, ModelInputs
from erckit.networks.preparation import Preparation, with_known_vectors
from erckit.recipe.recipe import Recipe
from erckit.training.cost import DryRun, matmul_rate
from erckit.training.data import TrainingData, conversation_chances, epoch_batches, packed_ahead, repeats_of
from erckit.training.learner import Epoch, Moment, Outcome
from erckit.training.objectives.head_first import train_head_first
from erckit.training.objectives.objective import NO_LABEL
from erckit.training.objectives.soft_targets import load_soft_targets
from erckit.training.objectives.step_loss import make_step_loss
from erckit.training.optimizer import make_optimizer
from erckit.training.start_from import start_from

if TYPE_CHECKING:
    from accelerate import Accelerator

EFFICIENCY = 0.35  # share of the matrix-product peak that one-pass training reaches on CPU, see benchmarks/
TOKEN_BYTES = 34  # bytes kept per token, layer and hidden unit for the backward pass, in bf16


class NetworkLearner:
    """Learner of a network; a piece is a batch of conversations with its inputs.

    Args:
        recipe: What to train and how.
        corpus: With the splits ``train`` and ``dev``.
        accelerator: Spreads the training over devices and processes.
        quiet: No progress.
    """

    rates: ClassVar[str] = "training.backbone_rate and training.head_rate"
    is_rescored: ClassVar[bool] = True  # in an epoch, with vectors of earlier weights
    finds_unused: ClassVar[bool] = True  # a batch in which nobody has a history leaves the GRU without gradients

    def __init__(self, recipe: Recipe, corpus: Corpus, accelerator: Accelerator, quiet: bool) -> None:
        settings, label_set = recipe.training, corpus.label_set
        self.recipe, self.corpus, self.settings = recipe, corpus, settings
        self.accelerator, self.quiet, self.is_trained = accelerator, quiet, True
        self.device: torch.device = accelerator.device
        self.precision = resolve_precision(settings.precision, self.device)
        self.backbone_folder = reader_folder(recipe.model)
        self.registry = _registry(recipe, corpus)
        self.model: ConversationModel
        self.preparation: Preparation
        self.model, self.preparation = new_model(recipe.model, label_set, self.registry, self.backbone_folder)
        if settings.start_from:
            checksum = reader_checksum(recipe.model, self.backbone_folder)
            start_from(self.model, label_set, checksum, Path(settings.start_from))
        self.model.to(self.device).train()
        self.optimizer = make_optimizer(self.model, settings)
        self.wrapped = accelerator.prepare_model(self.model)
        train_split, dev_split = corpus.split("train"), corpus.split("dev")
        self.joint = self.preparation.prepare([*train_split, *dev_split])  # what dev may remember, and dev
        tokenized = self.joint.tokenized[: len(train_split)]
        self.data = TrainingData.from_conversations(train_split, label_set, self.preparation, tokenized)
        self.dev = list(range(len(train_split), len(self.joint)))
        self._read_ahead([*train_split, *dev_split])
        labels = self.data.labels.tolist()
        self.objective = make_step_loss(settings, labels, label_set, self.model.memory_width, self.device)
        self.metric_loss = self.objective.metric
        self.soft = load_soft_targets(settings, train_split, label_set)
        # History vectors of all training utterances, replaced whenever their conversation is trained on: at most one
        # epoch old when another conversation remembers them, zero until their conversation's turn in the first epoch.
        # Where a frozen backbone's vectors are known, what is remembered is read again instead.
        is_kept = recipe.model.history.scope == "all" and self.joint.vectors is None
        rows = self.data.prepared.utterances if is_kept else 0
        self.memory = torch.zeros(rows, self.model.memory_width, device=self.device)
        self.alternates = self.metric_loss is not None and settings.metric.schedule == "alternate"
        self.epoch_sizes: list[int] = []  # batches of each planned epoch

    @property
    def adjusts(self) -> Literal["neutral", "none"]:
        """Whether dev chooses an offset of the neutral label."""
        return "neutral" if self.settings.adjusts_neutral else "none"

    def plan(self) -> list[Epoch]:
        """Epochs of batches cut by tokens."""
        chances = conversation_chances(self.corpus.split("train"), self.corpus.label_set, self.settings)
        epochs = [
            epoch_batches(self.data.prepared, self.settings, e, chances, self.data.repeats)
            for e in range(self.settings.epochs)
        ]
        if self.alternates:  # each epoch goes over its batches twice: cross-entropy, then the metric loss
            epochs = [[*batches, *batches] for batches in epochs]
        self.epoch_sizes = [len(batches) for batches in epochs]
        return [Epoch(batches) for batches in epochs]

    def begin(self) -> None:
        """Train the label head alone, where the recipe says so."""
        head_first = self.settings.head_first
        if head_first.epochs:
            train_head_first(self.model, self.data, self.corpus.label_set, head_first, self.settings.seed, self.quiet)

    @contextmanager
    def ahead(self, order: Sequence[list[int]]) -> Generator[None]:
        """Pack each batch of ``order`` in another thread while the one before it is trained on."""
        with closing(packed_ahead(order, self.data, self.preparation, self.memory)) as self._packed:
            yield

    def pieces(self, batches: Sequence[list[int]], moment: Moment) -> Iterator[tuple[list[int], ModelInputs]]:
        """Conversations and inputs of the next batches; must be asked for in the order given to :meth:`ahead`."""
        return islice(self._packed, len(batches))

    def asked(self, group: Sequence[list[int]], moment: Moment) -> int:
        """Labelled utterances of a step."""
        rows = [self.data.prepared.rows(chosen) for chosen in group]
        return sum(int((self.data.labels[r] != NO_LABEL).sum()) for r in rows) or 1

    def loss(self, piece: tuple[list[int], ModelInputs], moment: Moment) -> Tensor:
        """Summed loss of a batch; its history vectors are kept."""
        chosen, inputs = piece
        inputs = inputs.to(self.device)
        rows = torch.from_numpy(self.data.prepared.rows(chosen))  # (N,)
        labels = self.data.labels[rows].to(self.device)
        soft = None if self.soft is None else self.soft[rows].to(self.device)
        possible = None if self.data.possible is None else self.data.possible[rows].to(self.device)
        with autocast(self.precision, self.device):
            loss, output = self.objective(lambda: self.wrapped(inputs), labels, soft, self.phase(moment), possible)
        if len(self.memory):
            self.memory[rows.to(self.device)] = output.memory.detach().float()
        return loss

    def phase(self, moment: Moment) -> str:
        """Which losses a step has: ``joint``, or in turn ``cross-entropy`` and ``metric``."""
        if not self.alternates:
            return "joint"
        return "cross-entropy" if 2 * moment.batch < self.epoch_sizes[moment.epoch] else "metric"

    def step_done(self, moment: Moment) -> Mapping[str, float]:
        """Nothing: processes share what they remember at the end of an epoch."""
        return {}

    def epoch_done(self, epoch: Epoch) -> None:
        """With several processes, give each the vectors that the others refreshed in this epoch."""
        processes = self.accelerator.num_processes
        if processes == 1 or not len(self.memory):
            return
        group = self.settings.accumulate * processes
        mine = torch.zeros(len(self.memory), 1, device=self.device)
        for number, chosen in enumerate(epoch.batches):
            if number % group % processes == self.accelerator.process_index:
                mine[torch.from_numpy(self.data.prepared.rows(chosen))] = 1.0
        self.memory.copy_(self.accelerator.reduce(self.memory * mine, "sum"))

    def dev_logits(self, is_final: bool = False) -> NDArray[np.float32]:
        """Logits of dev, (N, L); with the vectors kept in training, which are of earlier weights, unless final."""
        return predict_logits(
            self.model,
            self.preparation,
            self.joint,
            self.dev,
            precision=self.precision,
            known_memory=self.memory if len(self.memory) and not is_final else None,
        )

    def state(self) -> dict[str, Tensor]:
        """History vectors and the centres of the metric loss."""
        return {"memory": self.memory.cpu(), **({} if self.metric_loss is None else self.metric_loss.tensors())}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Undo :meth:`state`."""
        if len(self.memory):
            self.memory.copy_(tensors["memory"])
        if self.metric_loss is not None:
            self.metric_loss.restore(tensors)

    def save(self, folder: Path, outcome: Outcome) -> None:
        """Write the model folder; the neutral label's offset goes into the label head."""
        neutral, offset = self.corpus.label_set.neutral, 0.0
        if outcome.calibration.offsets is not None and neutral is not None:
            offset = float(outcome.calibration.offsets[self.corpus.label_set.index(neutral)])
        if offset:
            with torch.no_grad():
                self.model.label_bias[self.corpus.label_set.index(str(neutral))] += offset
        facts = dict(outcome.facts)
        pretrained = PretrainedModel(
            self.model.eval(),
            self.preparation,
            self.recipe.model,
            self.corpus.label_set,
            self.registry,
            self.backbone_folder,
            reader_checksum(self.recipe.model, self.backbone_folder),
            {**self.recipe.to_dict(), "corpus": self.corpus.name},
            outcome.calibration.temperature,
            {"dev": outcome.best, "selected_by": facts.pop("selected_by"), "neutral_offset": offset, **facts},
            self.recipe.name.replace("/", "-"),
        )
        pretrained.save_pretrained(folder, card=model_card(pretrained, dataclasses.asdict(self.settings)))

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

    @classmethod
    def cost(cls, recipe: Recipe, corpus: Corpus) -> DryRun:
        """Estimate from the tokens; the backbone is loaded, nothing is encoded."""
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        precision = resolve_precision(recipe.training.precision, device)
        folder = reader_folder(recipe.model)
        size = _ReaderSize.of(load_reader(recipe.model, folder))
        layers, total, width, depth = size.layers, size.total, size.width, size.depth
        split = corpus.split("train")
        preparation = Preparation(recipe.model, _registry(recipe, corpus), folder, size.max_tokens)
        prepared = preparation.prepare(split)
        repeats = repeats_of(split)
        is_read_once = model_class(recipe.model.name).keeps_vectors(recipe.model)
        chances = conversation_chances(split, corpus.label_set, recipe.training)
        # How often an epoch is expected to encode each conversation, (C,).
        met = np.asarray(repeats) if chances is None or is_read_once else np.asarray(repeats) * chances
        tokens = round(sum(n * _encoded_tokens(t, preparation) for t, n in zip(prepared.tokenized, met, strict=True)))
        encoders = 2 if preparation.reads_plain and recipe.model.history.encoder == "own" else 1
        passes = 2 if recipe.training.r_drop else 1
        epochs = range(recipe.training.epochs)
        batches = [epoch_batches(prepared, recipe.training, e, chances, repeats) for e in epochs]
        steps = sum(-(-len(b) // recipe.training.accumulate) for b in batches)
        flops = recipe.training.epochs * tokens * passes * 6 * layers
        if is_read_once:  # forward only, then small layers over the kept vectors: about 16 matrices of H x H
            flops = tokens * 2 * layers + recipe.training.epochs * prepared.utterances * passes * 6 * 16 * width**2
        rate = matmul_rate(device, precision) * EFFICIENCY
        trained = total if not recipe.model.freezes_embeddings else layers
        trained = 16 * width**2 if is_read_once else trained
        copies = 4 + (1 if recipe.training.average else 0)  # weights, gradients, two moments, average
        activations = (
            recipe.training.batch_tokens * width * depth * TOKEN_BYTES * passes * (1 + preparation.reads_plain)
        )
        if is_read_once:  # windows of keys and values, and the table of vectors in 16 bits
            utterances = recipe.training.batch_tokens * prepared.utterances / tokens
            activations = round(24 * utterances * recipe.model.history.window * width * passes)
            states = size.states * max(1, len(recipe.model.reader.layers))
            activations += 2 * prepared.utterances * width * states
        memory = 4 * (encoders * (total + copies * trained) + prepared.utterances * width) + activations
        return DryRun(
            len(split),
            prepared.utterances,
            tokens,
            sum(t.truncated for t in prepared.tokenized),
            steps,
            round(memory / 1e6) + 500,  # the interpreter and its libraries
            flops / rate / 60 * 1.15,  # dev scoring
            f"{device.type}, {precision}, {torch.get_num_threads()} threads",
        )


@dataclass(frozen=True, slots=True)
class _ReaderSize:
    """What a backbone costs.

    Args:
        layers: Parameters of the matrices that every token passes.
        total: All parameters.
        width: Of a state, H.
        depth: Number of layers.
        max_tokens: Tokens read together.
        states: States per layer and utterance.
    """

    layers: int
    total: int
    width: int
    depth: int
    max_tokens: int
    states: int

    @classmethod
    def of(cls, backbone: nn.Module | CausalLM) -> _ReaderSize:
        """Of a loaded backbone."""
        if isinstance(backbone, CausalLM):
            network, max_tokens, states = backbone.model, row_tokens(backbone.positions), 2
            config = text_config(network)
            tables = sum(m.weight.numel() for m in network.base_model.modules() if isinstance(m, nn.Embedding))
            layers = sum(p.numel() for p in network.base_model.parameters() if p.ndim == 2) - tables
        else:
            network, config, states = backbone, backbone.config, 1
            max_tokens = int(config.max_position_embeddings) - position_offset(config)  # type: ignore[union-attr,arg-type]
            layers = sum(p.numel() for n, p in network.named_parameters() if "encoder.layer." in n and p.ndim == 2)
        total = sum(p.numel() for p in network.parameters())
        return cls(layers, total, int(config.hidden_size), int(config.num_hidden_layers), max_tokens, states)  # type: ignore[union-attr,arg-type]


def _registry(recipe: Recipe, corpus: Corpus) -> SpeakerRegistry:
    """The speakers of the training split that the model knows by name."""
    speaker = recipe.model.speaker
    return SpeakerRegistry.from_conversations(
        speaker.identity, corpus.split("train"), speaker.min_utterances, corpus.anonymous_speakers
    )


def _encoded_tokens(tokenized: TokenizedConversation, preparation: Preparation) -> int:
    """Tokens that go through an encoder for one conversation, left context and repetitions included."""
    lengths = [len(block) for block in tokenized.blocks]
    context = sum(sum(lengths[segment.first : segment.end]) for segment in preparation.segments(tokenized))
    return context + (sum(len(block) for block in tokenized.plain) if preparation.reads_plain else 0)
