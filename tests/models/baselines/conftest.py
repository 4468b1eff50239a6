"""A corpus whose labels can be read off its words, and a tiny text-classification model."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from erckit.conversation import Conversation, Utterance
from erckit.corpora.corpus import Corpus, Protocol
from erckit.labels import LabelSet

LABELS = LabelSet(("Glad", "Cross", "Neutral", "Blue"), neutral="Neutral")
CUES = {"Glad": "great", "Cross": "hate", "Neutral": "fine", "Blue": "sorry"}
SHARES = {"Glad": 30, "Cross": 20, "Neutral": 45, "Blue": 5}


def _split(name: str, count: int, labels: dict[str, int]) -> tuple[Conversation, ...]:
    rng = random.Random(name)
    filler = "the a of to and in it is was for on are as with his they at be this from".split()

    def said(i: int) -> Utterance:
        label = rng.choices(list(labels), list(labels.values()))[0]
        words = [*rng.choices(filler, k=6), CUES[label] if rng.random() < 0.8 else rng.choice(list(CUES.values()))]
        rng.shuffle(words)
        return Utterance(f"u{i}", rng.choice("AB"), " ".join(words), label=label)

    context = Utterance("context", "A", "great great great")
    return tuple(
        Conversation(f"{name}-{c}", (*(said(i) for i in range(rng.randint(3, 8))), context)) for c in range(count)
    )


@pytest.fixture(scope="session")
def toy() -> Corpus:
    protocol = Protocol("toy/dev", "toy", "dev", "macro_f1", "dev", "nothing", ())
    return Corpus(
        "toy",
        "1",
        LABELS,
        {"train": _split("train", 60, SHARES), "dev": _split("dev", 30, SHARES), "test": _split("test", 120, SHARES)},
        protocols={"toy/dev": protocol},
    )


@pytest.fixture(scope="session")
def classifier_folder(
    tiny_backbone: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """``classifier_folder(labels=..., kind=..., **config)``: a randomly initialised text classifier on disk."""
    made: dict[Any, Path] = {}

    def make(labels: tuple[str, ...] = ("Glad", "cross", "Neutral", "BLUE"), kind: str = "bert", **config: Any) -> Path:
        key = (labels, kind, *sorted(config.items()))
        if key not in made:
            import torch
            from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

            folder = tmp_path_factory.mktemp("classifier") / "tiny-emotion"
            backbone = tiny_backbone(kind)
            torch.manual_seed(3)
            wanted = AutoConfig.from_pretrained(backbone, id2label=dict(enumerate(labels)), **config)
            model = AutoModelForSequenceClassification.from_config(wanted)
            with torch.no_grad():
                for parameter in model.parameters():
                    if parameter.ndim == 2:
                        parameter.normal_(std=0.4)
            model.save_pretrained(folder)
            AutoTokenizer.from_pretrained(backbone).save_pretrained(folder)
            made[key] = folder
        return made[key]

    return make
