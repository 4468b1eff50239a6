"""Training: same seed same weights, resumed as if never stopped, and able to learn what only history tells."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import erckit.training.run as training
from erckit.conversation import Conversation, Utterance
from erckit.corpora.corpus import Corpus
from erckit.errors import CheckpointError, LabelSetError, SettingError
from erckit.labels import LabelSet
from erckit.metrics.classification import classification_report
from erckit.model_folder.network_folder import load_pretrained
from erckit.model_folder.tensors import trained_tensors
from erckit.networks.inference import predict_logits
from erckit.training.objectives.objective import class_weights
from erckit.training.run import train

pytestmark = pytest.mark.trains

# Everything that has a state of its own is switched on.
STATEFUL = {"average": 0.9, "accumulate": 2, "evaluations_per_epoch": 2, "r_drop": 0.2, "batch_tokens": 64}


def _weights(model: Path) -> bytes:
    return (model / "model.safetensors").read_bytes()


def _last_state(out: Path) -> bytes:
    """Weights, moments, averages, history vectors and random state at the end; ``model`` may hold an earlier step."""
    return (sorted((out / "checkpoints").iterdir())[-1] / "tensors.safetensors").read_bytes()


def _records(out: Path, split: str | None = None) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return [r for r in records if r.get("split") == split]


def test_the_same_seed_gives_the_same_weights(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    first = train(tiny_recipe(training=STATEFUL), tiny_corpus, tmp_path / "a", quiet=True)
    torch.manual_seed(12345)  # whatever happened before must not matter
    before = torch.get_rng_state()
    second = train(tiny_recipe(training=STATEFUL), tiny_corpus, tmp_path / "b", quiet=True)
    assert torch.equal(before, torch.get_rng_state())  # and training leaves no trace
    assert _weights(first) == _weights(second)
    assert _last_state(tmp_path / "a") == _last_state(tmp_path / "b")
    assert (first / "calibration.json").read_text() == (second / "calibration.json").read_text()
    other = train(tiny_recipe(training={**STATEFUL, "seed": 2}), tiny_corpus, tmp_path / "c", quiet=True)
    assert _weights(first) != _weights(other)


def test_resumed_from_any_checkpoint_equals_uninterrupted(
    tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, out = tiny_recipe(training=STATEFUL), tmp_path / "run"
    save, snapshots = training.save_checkpoint, []

    def save_and_copy(folder: Path, checkpoint: Any) -> None:
        save(folder, checkpoint)
        if folder.name == "checkpoints":
            snapshots.append(Path(shutil.copytree(out, tmp_path / f"at-{len(snapshots)}")))

    monkeypatch.setattr(training, "save_checkpoint", save_and_copy)
    whole = train(recipe, tiny_corpus, out, quiet=True, checkpoint_seconds=0)
    monkeypatch.undo()
    steps = len(_records(out))
    assert len(snapshots) == steps + recipe.training.epochs
    for snapshot in [*random.sample(snapshots[:-1], 3), snapshots[-1]]:
        assert not (snapshot / "model").exists()
        resumed = train(recipe, tiny_corpus, snapshot, quiet=True)
        assert _last_state(snapshot) == _last_state(out), snapshot.name
        assert _weights(resumed) == _weights(whole), snapshot.name
        assert len(_records(snapshot)) == steps


def test_a_finished_training_is_returned_as_it_is(
    tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tiny_recipe(training={"epochs": 1})
    model = train(recipe, tiny_corpus, tmp_path / "run", quiet=True)
    stamp = (model / "model.safetensors").stat().st_mtime_ns
    monkeypatch.setattr(training, "Run", None)  # would fail if it were trained again
    assert train(recipe, tiny_corpus, tmp_path / "run", quiet=True) == model
    assert (model / "model.safetensors").stat().st_mtime_ns == stamp
    with pytest.raises(CheckpointError, match="another recipe"):
        train(tiny_recipe(training={"epochs": 3}), tiny_corpus, tmp_path / "run", quiet=True)
    with pytest.raises(CheckpointError, match="already"):
        train(recipe, tiny_corpus, tmp_path / "run", quiet=True, resume=False)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.docx").write_text("precious")
    with pytest.raises(CheckpointError, match="not empty"):
        train(recipe, tiny_corpus, tmp_path / "full", quiet=True, resume=False)


def test_a_training_that_a_version_without_a_setting_recorded_is_of_the_same_recipe(
    tiny_recipe: Any, tiny_corpus: Any, trained_folder: Path, tmp_path: Path
) -> None:
    recipe, out = tiny_recipe(), Path(shutil.copytree(trained_folder.parent, tmp_path / "run"))
    recorded = json.loads((out / "recipe.json").read_text())
    del recorded["recipe"]["training"]["average"], recorded["recipe"]["model"]["speaker"]["form"]
    (out / "recipe.json").write_text(json.dumps(recorded))
    assert train(recipe, tiny_corpus, out, quiet=True) == out / "model"
    for changed in (tiny_recipe(training={"average": 0.5}), tiny_recipe({"speaker": {"form": "token"}})):
        with pytest.raises(CheckpointError, match="another recipe"):
            train(changed, tiny_corpus, out, quiet=True)
    recorded["recipe"]["training"]["gone"] = 1
    for broken, message in (
        (json.dumps(recorded), "another recipe"),
        ("[]", "another recipe"),
        ('{"recipe": 3}', "another recipe"),
        ("{", "not JSON"),
    ):
        (out / "recipe.json").write_text(broken)
        with pytest.raises(CheckpointError, match=message):
            train(recipe, tiny_corpus, out, quiet=True)


def test_the_scale_of_class_weights_acts_through_clipping_only(
    tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path
) -> None:
    """What docs/guide/ablation.md says: ``inverse`` is ``min_count`` times a constant, which AdamW divides out."""

    def trained(name: str, **settings: Any) -> Any:
        values = {"epochs": 1, "weight_decay": 0.0, **settings}
        model = train(tiny_recipe(training=values), tiny_corpus, tmp_path / name, quiet=True)
        return torch.cat([t.flatten() for t in trained_tensors(load_pretrained(model).model).values()])

    plain = trained("none", clip=1e6)
    inverse, smaller = (trained(kind, clip=1e6, class_weights=kind) for kind in ("inverse", "min_count"))
    clipped = trained("clipped", clip=0.1, class_weights="inverse")
    scale, weights, clipping = ((inverse - other).norm().item() for other in (smaller, plain, clipped))
    assert scale < 0.15 * weights
    assert scale < 0.15 * clipping
    norms = [[r["gradient_norm"] for r in _records(tmp_path / kind)] for kind in ("inverse", "min_count")]
    labels = [tiny_corpus.label_set.index(u.label) for c in tiny_corpus.splits["train"] for u in c.utterances]
    ratio = class_weights("inverse", labels, 3) / class_weights("min_count", labels, 3)
    assert ratio.tolist() == pytest.approx([ratio[0].item()] * 3)
    assert norms[0][0] == pytest.approx(ratio[0].item() * norms[1][0], rel=1e-3)


def test_what_a_training_leaves(tiny_recipe: Any, tiny_corpus: Any, trained_folder: Path) -> None:
    out, recipe = trained_folder.parent, tiny_recipe()
    pretrained = load_pretrained(trained_folder)
    assert pretrained.recipe == json.loads(json.dumps(recipe.to_dict()))
    assert pretrained.temperature > 0
    dev = _records(out, "dev")
    best = max(dev, key=lambda r: r["weighted_f1"])
    assert pretrained.scores["dev"]["weighted_f1"] == best["weighted_f1"]
    assert pretrained.scores["dev"]["epoch"] == best["epoch"]
    steps = _records(out)
    assert [r["step"] for r in steps] == list(range(1, len(steps) + 1))
    assert all(0 < r["loss"] < 100 for r in steps)
    card = (trained_folder / "README.md").read_text()
    assert f"{100 * best['weighted_f1']:.2f}" in card
    assert "Calm, Cross, Glad" in card


def test_the_average_is_what_dev_scores_and_the_model_gets(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    model = train(tiny_recipe(training={"average": 0.99, "epochs": 1}), tiny_corpus, tmp_path / "a", quiet=True)
    plain = train(tiny_recipe(training={"average": 0.0, "epochs": 1}), tiny_corpus, tmp_path / "b", quiet=True)
    assert _records(tmp_path / "a") != []
    assert [r["loss"] for r in _records(tmp_path / "a")] == [r["loss"] for r in _records(tmp_path / "b")]
    averaged, last = (trained_tensors(load_pretrained(m).model)["classifier.weight"] for m in (model, plain))
    assert (averaged - last).abs().max() > 1e-4


def test_dev_is_scored_with_what_the_model_says(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    recipe = tiny_recipe({"history": {"scope": "conversation"}}, {"epochs": 1})  # nothing remembered from training
    pretrained = load_pretrained(train(recipe, tiny_corpus, tmp_path / "run", quiet=True))
    dev = tiny_corpus.splits["dev"]
    prepared = pretrained.preparation.prepare(dev)
    logits = predict_logits(pretrained.model, pretrained.preparation, prepared, range(len(dev)), precision="fp32")
    gold = [tiny_corpus.label_set.index(u.label) for c in dev for u in c.utterances]
    expected = classification_report(gold, logits.argmax(1).tolist(), tiny_corpus.label_set).weighted_f1
    assert pretrained.scores["dev"]["weighted_f1"] == pytest.approx(expected, abs=1e-9)


def test_utterances_without_a_label_are_context_only(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    def without(conversations: tuple[Conversation, ...]) -> tuple[Conversation, ...]:
        return tuple(
            Conversation(c.id, (*c.utterances[:-1], dataclasses.replace(c.utterances[-1], label=None)), c.meta)
            for c in conversations
        )

    splits = {name: without(split) for name, split in tiny_corpus.splits.items()}
    corpus = dataclasses.replace(tiny_corpus, splits=splits)
    model = train(tiny_recipe(training={"epochs": 1}), corpus, tmp_path / "run", quiet=True)
    assert load_pretrained(model).temperature > 0


def test_a_label_outside_the_set_is_refused(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    corpus = dataclasses.replace(tiny_corpus, label_set=LabelSet(("Calm", "Cross")))
    with pytest.raises(LabelSetError, match="Glad"):
        train(tiny_recipe(), corpus, tmp_path / "run", quiet=True)


def test_a_training_that_diverges_says_so(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    recipe = tiny_recipe(training={"head_rate": 1e30, "backbone_rate": 1e30, "epochs": 20, "clip": 1e30, "patience": 0})
    with pytest.raises(SettingError, match=r"diverged.*backbone_rate"):
        train(recipe, tiny_corpus, tmp_path / "run", quiet=True)


def test_early_stop(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    still = {"head_rate": 0.0, "backbone_rate": 0.0, "epochs": 9, "patience": 2}  # nothing is learnt
    recipe = tiny_recipe({"history": {"scope": "conversation"}}, still)
    train(recipe, tiny_corpus, tmp_path / "run", quiet=True)
    assert [r["epoch"] for r in _records(tmp_path / "run", "dev")] == [0, 1, 2]


KEYWORDS = {"red": "Cross", "green": "Calm", "blue": "Glad"}


def _remembered_rule(seed: int, conversations: int, people: int) -> tuple[Conversation, ...]:
    """Each says one thing per conversation; the label is the keyword the same person said the time before."""
    rng = random.Random(seed)
    last = {name: rng.choice(list(KEYWORDS)) for name in ("Ana", "Ben", "Cleo", "Dan")}
    made = []
    for c in range(conversations):
        said = []
        for u, name in enumerate(rng.sample(sorted(last), people)):
            keyword = rng.choice(list(KEYWORDS))
            said.append(Utterance(f"u{u}", name, keyword, label=KEYWORDS[last[name]]))
            last[name] = keyword
        made.append(Conversation(f"{seed}-{c}", tuple(said), {"story": [seed, c]}))
    return tuple(made)


LEARNABLE = {"dropout": 0.0, "head_dropout": 0.0, "gru_dropout": 0.0}
QUICK = {"batch_tokens": 400, "head_rate": 1e-2, "backbone_rate": 1e-3, "patience": 0}


@pytest.mark.parametrize(("encoder", "people", "scopes"), [("shared", 1, ("all", "none")), ("tied", 3, ("all",))])
def test_history_of_other_conversations_is_learnt_from(
    tiny_recipe: Any, tmp_path: Path, encoder: str, people: int, scopes: tuple[str, ...]
) -> None:
    # A vector of a random backbone hardly tells the keyword from a speaker's name or what others said around it.
    splits = {"train": _remembered_rule(1, 360 // people, people), "dev": _remembered_rule(2, 180 // people, people)}
    corpus = Corpus("rule", "1", LabelSet(("Calm", "Cross", "Glad")), splits)
    accuracy = {}
    for scope in scopes:
        speaker = {"identity": "none", "form": "none"}
        history = {"window": 2, "encoder": encoder} if scope != "none" else {}
        learnable = {key: LEARNABLE[key] for key in LEARNABLE if history or key != "gru_dropout"}
        model = {"history": {"scope": scope, **history}, "speaker": speaker, **learnable}
        folder = train(tiny_recipe(model, {**QUICK, "epochs": 8}), corpus, tmp_path / scope, quiet=True)
        accuracy[scope] = load_pretrained(folder).scores["dev"]["accuracy"]
    assert accuracy["all"] > 0.9, accuracy
    assert accuracy.get("none", 0) < 0.5, accuracy  # a third is chance


def test_history_of_this_conversation_is_learnt_from(tiny_recipe: Any, tmp_path: Path) -> None:
    def split(seed: int, count: int) -> tuple[Conversation, ...]:
        """Four scenes of the rule above joined into one conversation."""
        scenes = _remembered_rule(seed, 4 * count, 3)
        return tuple(
            Conversation(
                f"{seed}-{i}",
                tuple(
                    dataclasses.replace(u, id=f"{s.id}-{u.id}") for s in scenes[4 * i : 4 * i + 4] for u in s.utterances
                ),
            )
            for i in range(count)
        )

    corpus = Corpus("rule", "1", LabelSet(("Calm", "Cross", "Glad")), {"train": split(1, 40), "dev": split(2, 15)})
    model = {
        "name": "compm", "speaker": {"identity": "local"}, **LEARNABLE,
        "history": {"scope": "conversation", "window": 2, "encoder": "own"},
    }  # fmt: skip
    folder = train(tiny_recipe(model, {**QUICK, "epochs": 8}), corpus, tmp_path / "run", quiet=True)
    # A third of the utterances are a speaker's first here: about 0.67 + 0.33 / 3 can be had.
    assert load_pretrained(folder).scores["dev"]["accuracy"] > 0.65


def _teacher(path: Path, corpus: Any, score: Callable[[Utterance], dict[str, float]]) -> str:
    predictions = [
        {"conversation": c.id, "utterance": u.id, "scores": score(u)}
        for c in corpus.splits["train"]
        for u in c.utterances
    ]
    path.write_text(json.dumps({"predictions": predictions}))
    return str(path)


def test_soft_targets_move_the_scores(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    always = _teacher(tmp_path / "t.json", tiny_corpus, lambda u: {"Calm": 0.02, "Cross": 0.96, "Glad": 0.02})
    shares = {}
    for share in (0.0, 1.0):
        values = {"teachers": [always], "teacher_share": share, "epochs": 4, "patience": 0}
        recipe = tiny_recipe({"history": {"scope": "conversation"}}, values)
        model = load_pretrained(train(recipe, tiny_corpus, tmp_path / f"s{share}", quiet=True))
        prepared = model.preparation.prepare(tiny_corpus.splits["train"])
        logits = predict_logits(model.model, model.preparation, prepared, range(10), precision="fp32")
        shares[share] = (logits.argmax(1) == 1).mean()
    assert shares[1.0] > 0.95 > shares[0.0]


def test_no_share_for_the_teacher_is_no_teacher(tiny_recipe: Any, tiny_corpus: Any, tmp_path: Path) -> None:
    teacher = _teacher(tmp_path / "t.json", tiny_corpus, lambda u: {"Calm": 0.1, "Cross": 0.8, "Glad": 0.1})
    with_teacher = tiny_recipe(training={"teachers": [teacher], "teacher_share": 0.0, "epochs": 1})
    train(with_teacher, tiny_corpus, tmp_path / "a", quiet=True)
    train(tiny_recipe(training={"epochs": 1}), tiny_corpus, tmp_path / "b", quiet=True)
    losses = [[r["loss"] for r in _records(tmp_path / run)] for run in "ab"]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
