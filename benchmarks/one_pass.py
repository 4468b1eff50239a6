"""One pass over a conversation against re-encoding it for every utterance: speed, tokens, memory.

Run from the repository root on an idle machine: python benchmarks/one_pass.py [--corpus-folder DIR] [--out FILE].
A small run that only shows that it works: --corpus FOLDER --set model.backbone=FOLDER --baseline-conversations 4
--baseline-tokens 40 --matmul-sizes 64.

Both sides use the same untrained EmoNet on the same backbone, the same precision and the same packing. One pass
encodes each utterance once and shares its vector as history. Re-encoding is what the published systems do: for every
target the whole context is encoded again, and so is every utterance of the speaker's history.

Floating-point operations are counted from tokens that carry text, padding left out: two per weight of the layers and
token, four per hidden unit, layer and visible pair of tokens, and the GRU's steps; training counts three times that.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import resource
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import psutil
import torch

from erckit.corpora import load_corpus
from erckit.corpora.corpus import Corpus
from erckit.encoding.packing import PADDING_BLOCK, PackedBatch
from erckit.encoding.precision import autocast
from erckit.encoding.tokens import TokenizedConversation
from erckit.networks.inference import predict_logits
from erckit.networks.network import ConversationModel, ModelInputs
from erckit.networks.preparation import Preparation, PreparedConversations, token_batches
from erckit.recipe.load_recipe import load_recipe
from erckit.recipe.recipe import Recipe
from erckit.storage.atomic import write_text
from erckit.training.data import packed_ahead
from erckit.training.network_learner import NetworkLearner
from erckit.training.objectives.objective import class_weights, weighted_cross_entropy
from erckit.training.run import Run

PRECISION = "bf16"


def matmul_peak(sizes: Sequence[int]) -> float:
    """Best measured rate of a square bf16 matrix product, operations per second."""
    best = 0.0
    for size in sizes:
        a, b = torch.randn(size, size).bfloat16(), torch.randn(size, size).bfloat16()
        for _ in range(12):
            began = time.perf_counter()
            torch.mm(a, b)
            best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best


def visible_pairs(batch: PackedBatch) -> int:
    """Pairs of text tokens of which the first attends to the second."""
    pairs = 0
    for group in batch.groups:
        blocks = batch.blocks[group.start : group.start + group.count * group.length].view(group.count, -1).numpy()
        for row in blocks:
            text = row[row < PADDING_BLOCK]
            pairs += int(np.searchsorted(text, text, side="right").sum()) if batch.is_causal else len(text) ** 2
    return pairs


class Work:
    """Counts tokens and operations of what a model is given."""

    def __init__(self, model: ConversationModel) -> None:
        backbone: Any = model.encoder.backbone
        layers = backbone.encoder.layer
        self._weights = sum(p.numel() for p in layers.parameters() if p.ndim == 2)
        self._pair = 4 * model.encoder.width * len(layers)
        self._gru_step = 2 * 12 * model.encoder.width**2
        self.tokens = 0
        self.flops = 0

    def add(self, batch: PackedBatch | None) -> None:
        """Count the encoder's work on a batch."""
        if batch is not None:
            self.tokens += batch.text_tokens
            self.flops += 2 * self._weights * batch.text_tokens + self._pair * visible_pairs(batch)

    def add_history(self, windows: np.ndarray) -> None:
        """Count the GRU's work on windows."""
        self.flops += self._gru_step * int((windows >= 0).sum())


def reencoded(
    preparation: Preparation, prepared: PreparedConversations, chosen: Sequence[int], owners: Sequence[list[int]]
) -> ModelInputs:
    """Inputs that encode context and history of every target of the chosen conversations anew."""
    rows = prepared.rows(chosen)
    windows = prepared.windows[rows]
    remembered = [owners[r] for row in windows for r in row if r >= 0]  # token blocks, once per target
    local = np.full(windows.shape, -1, dtype=np.int64)
    local[windows >= 0] = np.arange(len(remembered))
    history = TokenizedConversation((), (), tuple(remembered), 0)
    return ModelInputs(
        preparation.pack_context([prepared.tokenized[c] for c in chosen]),
        preparation.pack_plain([history]) if remembered else None,
        torch.empty(0, 0),
        torch.from_numpy(local),
    )


def reencoded_logits(model: ConversationModel, inputs: ModelInputs, with_history: bool) -> torch.Tensor:
    """Logits of all targets, (R, L)."""
    context = model.encoder(inputs.batch)
    if inputs.plain is None or not with_history:
        return model.classify(context, context[:0], torch.full_like(inputs.windows, -1))
    return model.classify(context, model.encoder(inputs.plain), inputs.windows)


class MemoryWatch(threading.Thread):
    """Samples the process' memory every half second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._process, self._stop_now = psutil.Process(), threading.Event()
        self.samples: list[tuple[float, float]] = []

    def run(self) -> None:
        """Sample until stopped."""
        while not self._stop_now.wait(0.5):
            self.samples.append((time.perf_counter(), self._process.memory_info().rss / 1e6))

    def stop(self) -> None:
        """Take no more samples."""
        self._stop_now.set()
        self.join()

    def growth_after(self, began: float) -> float:
        """MB between the means of the first and of the last five seconds after ``began``."""
        late = [mb for at, mb in self.samples if at >= began]
        return float(np.mean(late[-10:]) - np.mean(late[:10])) if len(late) >= 20 else 0.0


def published_scheme(recipe: Recipe) -> Recipe:
    """The recipe with the context and the history encoded per target."""
    history = dataclasses.replace(recipe.model.history, encoder="tied")
    return dataclasses.replace(
        recipe, model=dataclasses.replace(recipe.model, attention="per_utterance", history=history)
    )


def learner_of(training: Run) -> NetworkLearner:
    """What is trained, which must be a network."""
    assert isinstance(training.learner, NetworkLearner)
    return training.learner


def measure_labelling(training: Run, corpus: Corpus, peak: float) -> dict[str, object]:
    """From conversations to logits, tokenising included: the median of five runs over the test split."""
    learner = learner_of(training)
    test = corpus.splits["test"]
    seconds = []
    for _ in range(6):
        began = time.perf_counter()
        prepared = learner.preparation.prepare(test)
        predict_logits(learner.model, learner.preparation, prepared, range(len(test)), precision=PRECISION)
        seconds.append(time.perf_counter() - began)
    seconds = sorted(seconds[1:])  # the first run warms up
    work = Work(learner.model)
    for chosen in token_batches(prepared, range(len(test)), 4096):
        work.add(learner.preparation.pack_context([prepared.tokenized[c] for c in chosen]))
    work.add_history(prepared.windows)
    return {
        "labelling_utterances_per_s": round(prepared.utterances / seconds[2], 1),
        "labelling_runs_s": [round(s, 3) for s in seconds],
        "labelling_share_of_matmul_peak": round(work.flops / seconds[2] / peak, 3),
        "labelling_tokens": work.tokens,
    }


def measure_training(training: Run, peak: float) -> dict[str, object]:
    """One epoch over the train split."""
    learner = learner_of(training)
    work = Work(learner.model)
    for chosen in training.epochs[0].batches:
        inputs, _ = learner.preparation.inputs(learner.data.prepared, chosen)
        work.add(inputs.batch)
    work.add_history(learner.data.prepared.windows)
    watch = MemoryWatch()
    watch.start()
    began = time.perf_counter()
    for chosen, inputs in packed_ahead(training.epochs[0].batches, learner.data, learner.preparation, learner.memory):
        training.optimizer_step([(chosen, inputs)], [chosen])
        training.step += 1
    seconds = time.perf_counter() - began
    watch.stop()
    warm = min(60.0, 0.75 * seconds)
    return {
        "training_utterances_per_s": round(learner.data.prepared.utterances / seconds, 1),
        "training_epoch_s": round(seconds, 1),
        "training_share_of_matmul_peak": round(3 * work.flops / seconds / peak, 3),
        "training_tokens": work.tokens,
        "memory_growth_mb": round(watch.growth_after(began + warm), 1),
        "memory_growth_measured_after_s": round(warm, 1),
        "memory_peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def measure(recipe: Recipe, corpus: Corpus, sample: Sample, matmul_sizes: Sequence[int]) -> dict[str, object]:
    """Everything the result file says."""
    peak = matmul_peak(matmul_sizes)
    found: dict[str, object] = {"matmul_peak_gflops": round(peak / 1e9, 1)}
    with tempfile.TemporaryDirectory() as out:
        training = Run(recipe, corpus, Path(out), quiet=True, checkpoint_seconds=1e9)
        found.update(measure_labelling(training, corpus, peak))
        found.update(measure_training(training, peak))
        del training
    gc.collect()
    found.update(measure_baseline(published_scheme(recipe), corpus, sample))
    for kind in ("labelling", "training"):
        rate = cast(float, found[f"{kind}_utterances_per_s"])
        for scheme, name in (("per_utterance", "ratio"), ("per_utterance_context_only", "ratio_context_only")):
            found[f"{kind}_{name}"] = round(rate / cast(float, found[f"{kind}_{scheme}_utterances_per_s"]), 2)
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """What the published scheme is measured on.

    Args:
        conversations: How many are drawn; the first batch of them warms up and is not counted.
        batch_tokens: Tokens of a batch before they are encoded again for every target. One conversation is thousands
            of re-encoded tokens already, so 400 make batches of about the size of one pass.
    """

    conversations: int
    batch_tokens: int


def measure_baseline(recipe: Recipe, corpus: Corpus, sample: Sample) -> dict[str, object]:
    """The published scheme on a fixed sample of conversations: its cost per utterance does not depend on how many."""
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as out:
        training = Run(recipe, corpus, Path(out), quiet=True, checkpoint_seconds=1e9)
        for kind, split in (("labelling", "test"), ("training", "train")):
            for with_history in (True, False):
                rate, tokens, done = reencode(training, corpus, kind, split, sample, with_history)
                name = f"{kind}_per_utterance" if with_history else f"{kind}_per_utterance_context_only"
                found[f"{name}_utterances_per_s"] = round(rate, 1)
                found[f"{name}_tokens_per_utterance"] = round(tokens, 1)
                found[f"{name}_measured_on"] = done
    return found


def reencode(
    training: Run, corpus: Corpus, kind: str, split: str, sample: Sample, with_history: bool
) -> tuple[float, float, int]:
    """Utterances per second, tokens per utterance and utterances measured of re-encoding."""
    learner = learner_of(training)
    model, preparation = learner.model, learner.preparation
    gold = learner.data.labels.tolist()
    weights = class_weights(training.settings.class_weights, gold, len(corpus.label_set))
    prepared = preparation.prepare(corpus.splits[split])
    blocks = [block for t in prepared.tokenized for block in t.plain]
    drawn = [int(c) for c in np.random.default_rng(0).permutation(len(prepared))[: sample.conversations]]
    batches = token_batches(prepared, drawn, sample.batch_tokens)
    work = Work(model)
    model.train(kind == "training")
    done, began = 0, 0.0
    for number, chosen in enumerate(batches):
        if number == 1:  # the first batch warms up
            began = time.perf_counter()
        inputs = reencoded(preparation, prepared, chosen, blocks)
        with autocast(PRECISION, training.device):
            if kind == "labelling":
                with torch.inference_mode():
                    reencoded_logits(model, inputs, with_history)
            else:
                logits = reencoded_logits(model, inputs, with_history)
                labels = torch.zeros(len(logits), dtype=torch.long)
                loss = weighted_cross_entropy(logits, labels, weights) / len(logits)
        if kind == "training":
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            training.optimizer.step()
            training.optimizer.zero_grad(set_to_none=True)
        if number:
            done += len(inputs.windows)
            work.add(inputs.batch)
            work.add(inputs.plain if with_history else None)
    return done / (time.perf_counter() - began), work.tokens / done, done


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", default="emorynlp", help="a corpus, or a folder of conversations with gold labels")
    parser.add_argument("--corpus-folder", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "one_pass.json")
    parser.add_argument("--recipe", default="emonet/emorynlp")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a value of the recipe")
    parser.add_argument("--baseline-conversations", type=int, default=24)
    parser.add_argument("--baseline-tokens", type=int, default=400, help="of a batch, before re-encoding")
    parser.add_argument(
        "--matmul-sizes", type=int, nargs="+", default=[1024, 2048, 3072], help="of the peak's matrices"
    )
    arguments = parser.parse_args(argv)
    recipe = load_recipe(arguments.recipe, [*arguments.set, "training.epochs=1"])
    corpus = load_corpus(arguments.corpus, arguments.corpus_folder)
    sample = Sample(arguments.baseline_conversations, arguments.baseline_tokens)
    found = {
        "backbone": recipe.model.backbone,
        "precision": PRECISION,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        **measure(recipe, corpus, sample, arguments.matmul_sizes),
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write_text(arguments.out, json.dumps(found, indent=2) + "\n")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
