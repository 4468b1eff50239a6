"""Training SentEmoContext: what only context tells, both published steps, checkpoints, sampling, the neutral offset."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from erckit.conversation import Conversation, Utterance
from erckit.corpora.corpus import Corpus
from erckit.errors import SettingError
from erckit.labelling import Labeler
from erckit.labels import LabelSet
from erckit.metrics.classification import classification_report
from erckit.model_folder.tensors import trained_tensors
from erckit.training import run as training
from erckit.training.data import keep_chances
from erckit.training.label_offsets import OFFSETS, best_neutral_offset
from erckit.training.learner import Moment
from erckit.training.network_learner import NetworkLearner
from erckit.training.objectives.head_first import draw_utterances
from erckit.training.objectives.objective import NO_LABEL
from erckit.training.run import Run, train

pytestmark = pytest.mark.trains

MODEL = {
    "name": "sentemo",
    "attention": "isolated",
    "speaker": {"identity": "none", "form": "none"},
    "history": {"scope": "preceding", "window": 3},
    "head_dropout": 0.0,
    "sentemo": {"layers": [0, 3], "heads": 4, "feedforward": 32, "dropout": 0.0},
}
TOLD = LabelSet(("Calm", "Cross"), neutral="Calm")


def learner_of(recipe: Any, corpus: Any, out: Path) -> NetworkLearner:
    learner = Run(recipe, corpus, out, True, 60).learner
    assert isinstance(learner, NetworkLearner)
    return learner


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def told_corpus() -> Corpus:
    """An utterance is Cross where the one before it says "dog": its own words tell nothing."""
    rng = random.Random(1)

    def conversation(number: int) -> Conversation:
        words = [rng.choice(("dog", "tree")) for _ in range(8)]
        labels = ["Calm", *("Cross" if word == "dog" else "Calm" for word in words[:-1])]
        said = [
            Utterance(f"u{i}", "Ana", f"{w} walk", label=y) for i, (w, y) in enumerate(zip(words, labels, strict=True))
        ]
        return Conversation(f"c{number}", tuple(said))

    made = tuple(conversation(i) for i in range(70))
    return Corpus("told", "1", TOLD, {"train": made[:50], "dev": made[50:60], "test": made[60:]})


def _accuracy(folder: Path, conversations: tuple[Conversation, ...]) -> float:
    found = Labeler.from_pretrained(folder, precision="fp32").label(conversations)
    pairs = [
        (u.label, p.label)
        for one in found
        for u, p in list(zip(one.conversation.utterances, one.predictions, strict=True))[1:]
    ]
    return sum(gold == label for gold, label in pairs) / len(pairs)


def test_what_only_context_tells_is_learnt(
    tiny_recipe: Callable[..., Any], told_corpus: Corpus, tmp_path: Path
) -> None:
    quick = {"epochs": 12, "batch_tokens": 128, "head_rate": 1e-2, "patience": 0}
    context = train(tiny_recipe(MODEL, quick), told_corpus, tmp_path / "context", quiet=True)
    assert _accuracy(context, told_corpus.splits["test"]) > 0.98
    alone = tiny_recipe({**MODEL, "history": {"scope": "none"}}, quick)
    assert _accuracy(train(alone, told_corpus, tmp_path / "alone", quiet=True), told_corpus.splits["test"]) < 0.75


PUBLISHED_STEPS = {
    "metric": {"loss": "triplet", "schedule": "alternate", "miner": "uniform", "per_label": 0},
    "head_first": {"epochs": 3, "utterances": {"Glad": 40}},
    "weights_from": "batch",
    "class_weights": "inverse",
    "kept_conversations": {"Calm": 0.2, "*": 0.9},
    "average": 0.9,
    "epochs": 3,
    "patience": 0,
}
PROTOTYPES = {"metric": {"loss": "prototypes", "per_label": 2, "queue": 4}, "r_drop": 0.1, "accumulate": 2, "epochs": 3}


@pytest.mark.parametrize("values", [PUBLISHED_STEPS, PROTOTYPES], ids=["published", "prototypes"])
def test_resumed_from_a_checkpoint_equals_uninterrupted(
    tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any]
) -> None:
    recipe, out = tiny_recipe({**MODEL, "head_dropout": 0.2}, values), tmp_path / "run"
    save, snapshots = training.save_checkpoint, []

    def save_and_copy(folder: Path, checkpoint: Any) -> None:
        save(folder, checkpoint)
        if folder.name == "checkpoints":
            snapshots.append(Path(shutil.copytree(out, tmp_path / f"at-{len(snapshots)}")))

    monkeypatch.setattr(training, "save_checkpoint", save_and_copy)
    whole = train(recipe, tiny_corpus, out, quiet=True, checkpoint_seconds=0)
    monkeypatch.undo()
    for snapshot in (snapshots[0], snapshots[len(snapshots) // 2]):
        resumed = train(recipe, tiny_corpus, snapshot, quiet=True)
        assert (resumed / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def test_both_steps_train_what_they_should(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    """The published code gives the context layer no gradient of the triplets; here it has one, the head has none."""
    recipe = tiny_recipe(MODEL, {**PUBLISHED_STEPS, "kept_conversations": {}, "batch_tokens": 4096})
    run = learner_of(recipe, tiny_corpus, tmp_path)
    epochs = [epoch.batches for epoch in run.plan()]
    assert [len(batches) for batches in epochs] == [2, 2, 2]
    assert epochs[0][0] == epochs[0][1]
    inputs, outside = run.preparation.inputs(run.data.prepared, epochs[0][0])
    moments = {"cross-entropy": Moment("", 0, 0, 0.0), "metric": Moment("", 0, 1, 0.0)}
    inputs = inputs.with_outside(run.memory[outside])
    gradients = {}
    for phase in ("cross-entropy", "metric"):
        run.model.zero_grad(set_to_none=True)
        run.loss((epochs[0][0], inputs), moments[phase]).backward()
        gradients[phase] = {
            name: float(p.grad.abs().sum()) for name, p in run.model.named_parameters() if p.grad is not None
        }
    assert gradients["metric"]["context.key_value.weight"] > 0
    assert gradients["metric"]["classifier.weight"] == 0
    assert gradients["cross-entropy"]["classifier.weight"] > 0
    assert all(run.phase(moment) == phase for phase, moment in moments.items())


def test_a_frozen_backbone_stays_and_a_tuned_one_does_not(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    for is_frozen in (True, False):
        model = {**MODEL, "sentemo": {**MODEL["sentemo"], "freezes_backbone": is_frozen}}
        run = learner_of(tiny_recipe(model), tiny_corpus, tmp_path / str(is_frozen))
        assert any(".backbone." in name for name in trained_tensors(run.model)) is not is_frozen
        assert (run.data.prepared.vectors is not None) is is_frozen
        inputs, _ = run.preparation.inputs(run.data.prepared, [0, 1])
        assert (inputs.batch.utterances == 0) is is_frozen


def test_the_head_comes_first_only_where_it_can(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"head_first\.epochs' needs a model whose label head reads vectors"):
        tiny_recipe(training={"head_first": {"epochs": 1}})
    head = {"head_first": {"epochs": 1, "utterances": {"Gald": 3}}}
    with pytest.raises(SettingError, match="Did you mean 'Glad'"):
        train(tiny_recipe(MODEL, head), tiny_corpus, tmp_path / "b", quiet=True)
    kept = {"kept_conversations": {"Gald": 0.5}}
    with pytest.raises(SettingError, match="Did you mean 'Glad'"):
        train(tiny_recipe(MODEL, kept), tiny_corpus, tmp_path / "c", quiet=True)


def test_utterances_drawn_per_label() -> None:
    labels = torch.tensor([0] * 50 + [1] * 3 + [2] * 4 + [NO_LABEL])
    drawn = draw_utterances(labels, LabelSet(("Calm", "Cross", "Glad")), {"Calm": 10, "Cross": 8}, seed=1)
    assert torch.bincount(labels[drawn]).tolist() == [10, 8, 4]
    assert len(set(drawn[:10].tolist())) == 10
    assert torch.bincount(drawn[10:18], minlength=53)[50:53].min() >= 2  # each twice before one comes a third time


def test_chances_of_conversations() -> None:
    labels = LabelSet(("Calm", "Cross", "Glad"))
    talks = [[0, 0], [0, 1], [2, NO_LABEL], [NO_LABEL]]
    assert keep_chances(talks, labels, {}) is None
    by_label = keep_chances(talks, labels, {"Calm": 0.1, "*": 0.8})
    np.testing.assert_allclose(by_label, [0.1, 0.8, 0.8, 0.1])  # type: ignore[arg-type]
    np.testing.assert_allclose(keep_chances(talks, labels, {}, "inverse"), [1 / 3, 1, 1, 1 / 3])  # type: ignore[arg-type]
    np.testing.assert_allclose(keep_chances(talks, labels, {}, "sqrt_inverse")[0], 3**-0.5)  # type: ignore[index]


def test_neutral_offset_is_the_best_there_is() -> None:
    rng = np.random.default_rng(0)
    labels = LabelSet(("Calm", "Cross", "Glad"), neutral="Calm")
    gold = rng.choice(3, 400, p=[0.8, 0.1, 0.1])
    logits = rng.normal(size=(400, 3)) + 2 * np.eye(3)[gold] - np.array([1.0, 0, 0])
    offset = best_neutral_offset(logits, gold.tolist(), labels, "micro_f1_no_neutral")

    def score(amount: float) -> float:
        predicted = (logits + np.array([amount, 0, 0])).argmax(1)
        return classification_report(gold.tolist(), predicted.tolist(), labels).micro_f1_no_neutral

    assert offset > 0
    assert score(offset) == max(score(amount) for amount in OFFSETS) > score(0)
    assert best_neutral_offset(logits, gold.tolist(), LabelSet(labels.labels), "macro_f1") == 0


def test_the_offset_moves_into_the_model(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    folder = train(tiny_recipe(MODEL, {"adjusts_neutral": True}), tiny_corpus, tmp_path / "run", quiet=True)
    labeler = Labeler.from_pretrained(folder, precision="fp32")
    offset, chosen = labeler.scores["neutral_offset"], labeler.scores["dev"]
    logits = np.concatenate(labeler.logits(tiny_corpus.splits["dev"]))
    gold = [tiny_corpus.label_set.index(u.label) for c in tiny_corpus.splits["dev"] for u in c.utterances]
    report = classification_report(gold, logits.argmax(1).tolist(), tiny_corpus.label_set)
    assert report.weighted_f1 == pytest.approx(chosen["weighted_f1"])
    logits[:, 0] -= offset
    assert best_neutral_offset(logits, gold, tiny_corpus.label_set, "weighted_f1") == offset
