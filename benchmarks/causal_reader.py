"""A linear layer over frozen hidden states of a causal language model: weighted F1 per layer, chosen on dev.

Run from the repository root: python benchmarks/causal_reader.py [--backbone NAME] [--layers 8,12,...] [--out FILE]

Every conversation of the corpus is read once (``networks.causal_reader``): lines "Name: text", last and mean token of
each utterance. Nothing of the language model is tuned. A logistic regression on the train split is fitted for each
layer and each strength of regularisation; the best on dev is scored on test, once. ``--small`` makes a tiny random
model and corpus, to see that the script runs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from erckit.causal.causal_lm import DEFAULT_CAUSAL_LM, CausalLM, load_causal_lm
from erckit.conversation import Conversation, Utterance
from erckit.corpora import Corpus, load_corpus
from erckit.labels import LabelSet
from erckit.networks.causal_reader import CausalReader
from erckit.storage.atomic import write_text

STRENGTHS = (0.3, 1.0, 3.0, 10.0)


def main(argv: Sequence[str] | None = None) -> None:
    """Read, fit, choose, score, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backbone", default=DEFAULT_CAUSAL_LM)
    parser.add_argument("--corpus", default="emorynlp")
    parser.add_argument("--layers", default="", help="comma-separated; every third if left out")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--small", action="store_true", help="a tiny model and corpus made here")
    options = parser.parse_args(argv)
    lm, corpus = _small() if options.small else (load_causal_lm(options.backbone), load_corpus(options.corpus))
    depth = int(lm.model.config.get_text_config().num_hidden_layers)
    layers = [int(layer) for layer in options.layers.split(",") if layer] or [*range(3, depth, 3), depth]
    result = probe(lm, corpus, layers, options.precision)
    print(json.dumps(result, indent=1))
    if options.out is not None:
        write_text(options.out, json.dumps(result, indent=1) + "\n")


def probe(lm: CausalLM, corpus: Corpus, layers: list[int], precision: str) -> dict[str, Any]:
    """Weighted F1 of a linear layer over each layer's states: dev for all, test for the best on dev."""
    reader = CausalReader(lm, layers, precision)
    began = time.perf_counter()
    vectors, gold = {}, {}
    for split in ("train", "dev", "test"):
        said = [u for conversation in corpus.splits[split] for u in conversation.utterances]
        is_scored = np.array([u.label is not None for u in said])
        vectors[split] = reader.read(corpus.splits[split], quiet=False)[is_scored].astype(np.float32)
        gold[split] = np.array([corpus.label_set.labels.index(u.label) for u in said if u.label is not None])
    seconds = time.perf_counter() - began
    table: list[dict[str, Any]] = []
    best: tuple[float, Any, slice] | None = None
    for i, layer in enumerate(layers):
        width = reader.width // len(layers)
        part = slice(i * width, (i + 1) * width)
        for strength in STRENGTHS:
            fitted = _fit(vectors["train"][:, part], gold["train"], strength)
            score = _score(fitted, vectors["dev"][:, part], gold["dev"], corpus)
            table.append({"layer": layer, "C": strength, "dev_weighted_f1": round(100 * score, 2)})
            print(table[-1], flush=True)
            if best is None or score > best[0]:
                best = (score, fitted, part)
                chosen = table[-1]
    assert best is not None
    test = _score(best[1], vectors["test"][:, best[2]], gold["test"], corpus)
    return {
        "backbone": lm.name,
        "corpus": corpus.name,
        "precision": precision,
        "reading_seconds": round(seconds, 1),
        "chosen_on_dev": chosen,
        "test_weighted_f1": round(100 * test, 2),
        "dev": table,
    }


def _fit(vectors: NDArray[np.float32], gold: NDArray[np.int64], strength: float) -> _Linear:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    # Standardised states times 1/sqrt(V), so that one grid of strengths fits all widths.
    scaler = StandardScaler().fit(vectors)
    scaler.scale_ = scaler.scale_ * np.sqrt(vectors.shape[1])
    regression = LogisticRegression(C=strength, max_iter=300, class_weight=_square_roots(gold))
    return _Linear(scaler, regression.fit(scaler.transform(vectors), gold))


def _square_roots(gold: NDArray[np.int64]) -> dict[int, float]:
    """Class weights by square roots of inverse counts, as the recipes have them."""
    counts = np.bincount(gold)
    return {int(label): float(np.sqrt(len(gold) / counts[label])) for label in np.flatnonzero(counts)}


class _Linear:
    def __init__(self, scaler: Any, regression: Any) -> None:
        self.scaler, self.regression = scaler, regression

    def predict(self, vectors: NDArray[np.float32]) -> NDArray[np.int64]:
        return np.asarray(self.regression.predict(self.scaler.transform(vectors)))


def _score(fitted: _Linear, vectors: NDArray[np.float32], gold: NDArray[np.int64], corpus: Corpus) -> float:
    from sklearn.metrics import f1_score

    return float(
        f1_score(gold, fitted.predict(vectors), average="weighted", labels=range(len(corpus.label_set.labels)))
    )


def _small() -> tuple[CausalLM, Corpus]:
    """A random model of three layers, and conversations in which a word tells the label."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

    folder = Path(tempfile.mkdtemp(prefix="erckit-small-"))
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        special_tokens=["<end>"], initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())
    )
    tokenizer.train_from_iterator(["happy angry coffee red blue"], trainer)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>").save_pretrained(folder)
    config = AutoConfig.for_model(
        "llama", vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, intermediate_size=64, max_position_embeddings=256, eos_token_id=0, bos_token_id=None,
    )  # fmt: skip
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    rng = np.random.default_rng(1)
    word_of = {"Glad": "happy", "Cross": "angry", "Calm": "coffee"}

    def talk(name: str) -> Conversation:
        labels = rng.choice(list(word_of), 4)
        return Conversation(
            name, tuple(Utterance(f"u{i}", "Ana", f"red {word_of[y]} blue", label=str(y)) for i, y in enumerate(labels))
        )

    splits = {split: tuple(talk(f"{split}{i}") for i in range(12)) for split in ("train", "dev", "test")}
    return load_causal_lm(folder), Corpus("small", "1", LabelSet(("Calm", "Cross", "Glad"), neutral="Calm"), splits)


if __name__ == "__main__":
    main()
