"""Training LLM systems, on tiny random models: a rule that must be learnt, resuming, batches, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from erckit.errors import SettingError
from erckit.prompting.scoring.prompt_system import PromptSystem
from erckit.training.prompt_learner import FIRST, MAIN, PromptLearner
from erckit.training.prompts.lesson import join_lessons
from erckit.training.run import Run, train

pytestmark = pytest.mark.trains

EMONET = {"model": {"history": {"scope": "all"}}}


def adapter(out: Path) -> dict[str, torch.Tensor]:
    return load_file(out / "model" / "adapter.safetensors")


def learner_of(training: Run) -> PromptLearner:
    assert isinstance(training.learner, PromptLearner)
    return training.learner


def step_on(training: Run, group: list[list[int]]) -> tuple[float, float]:
    return training.optimizer_step(training.learner.pieces(group, training.moment()), group)


def start(recipe: Any, corpus: Any, out: Path) -> Run:
    return Run(recipe, corpus, out, True, 1e9)


def test_a_rule_is_learnt(llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path) -> None:
    train(llm_recipe(training={"epochs": 4, "batch_tokens": 300}), ruled_corpus(30, words=0), tmp_path, quiet=True)
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    records = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    losses = [record["loss"] for record in records if "loss" in record]
    assert np.mean(losses[-8:]) < 0.3 * np.mean(losses[:8])
    assert config["scores"]["dev"]["weighted_f1"] > 0.8  # 1/3 by chance


def test_dev_is_not_scored_again_for_the_folder(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score, scored = Run._dev_logits, []

    def counted(self: Run, is_final: bool = False) -> NDArray[np.float32]:
        scored.append(self.step)
        return score(self, is_final)

    monkeypatch.setattr(Run, "_dev_logits", counted)
    recipe, corpus = llm_recipe(training={"epochs": 2, "batch_tokens": 300}), ruled_corpus(6)
    train(recipe, corpus, tmp_path / "once", quiet=True)
    assert len(scored) == 2
    (tmp_path / "once" / "model" / "calibration.json").rename(tmp_path / "calibration.json")
    (tmp_path / "once" / "model").rename(tmp_path / "old")
    train(recipe, corpus, tmp_path / "once", quiet=True)  # another process: the best weights are read and scored
    assert len(scored) == 3
    assert (tmp_path / "once" / "model" / "calibration.json").read_text() == (tmp_path / "calibration.json").read_text()


@pytest.mark.parametrize(
    ("system", "scope", "epochs"),
    [("emonet_llm", "all", 2), ("emonet_llm", "conversation", 1), ("instruct_erc", "none", 2)],
)
def test_a_killed_training_goes_on_to_the_same_weights(
    llm_recipe: Callable[..., Any],
    ruled_corpus: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    scope: str,
    epochs: int,
) -> None:
    corpus = ruled_corpus(6)
    first = {"llm": {"first_task": "speaker_identification"}} if system == "instruct_erc" else {}
    recipe = llm_recipe(
        system,
        model={"history": {"scope": scope}},
        lora={"dropout": 0.1},
        training={"epochs": epochs, "average": 0.9, "batch_tokens": 150 if epochs == 1 else 400, **first},
    )
    train(recipe, corpus, tmp_path / "whole", quiet=True)

    step = Run.optimizer_step
    left = [3]

    def killed(self: Run, *arguments: Any) -> tuple[float, float]:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return step(self, *arguments)

    monkeypatch.setattr(Run, "optimizer_step", killed)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, corpus, tmp_path / "killed", quiet=True, checkpoint_seconds=0)
    monkeypatch.setattr(Run, "optimizer_step", step)
    train(recipe, corpus, tmp_path / "killed", quiet=True)
    whole, resumed = adapter(tmp_path / "whole"), adapter(tmp_path / "killed")
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_batch_of_many_gives_the_gradient_of_batches_of_one(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path
) -> None:
    tasks = {"class_weights": "min_count", "label_smoothing": 0.1, "llm": {"extra_tasks": {"emotion_impact": 0.1}}}
    training = start(llm_recipe("instruct_erc", training=tasks), ruled_corpus(5), tmp_path)
    lessons = [learner_of(training).lessons.main(c, 0, 0.0) for c in range(5)]
    parameters = [p for p in learner_of(training).lm.model.parameters() if p.requires_grad]

    def gradient(parts: list[Any]) -> tuple[float, list[torch.Tensor]]:
        for parameter in parameters:
            parameter.grad = None
        total = 0.0
        for part in parts:
            loss = training.learner.loss(part, training.moment())
            loss.backward()
            total += loss.item()
        return total, [p.grad.clone() for p in parameters if p.grad is not None]

    together, at_once = gradient([join_lessons(lessons)])
    apart, one_by_one = gradient(lessons)
    assert together == pytest.approx(apart, rel=1e-5)
    assert len(at_once) == len(parameters)
    for one, other in zip(at_once, one_by_one, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_the_first_stage_comes_first(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path
) -> None:
    recipe = llm_recipe("instruct_erc", training={"llm": {"first_task": "speaker_identification"}})
    train(recipe, ruled_corpus(6), tmp_path, quiet=True)
    records = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    stages = [record["stage"] for record in records if "stage" in record]
    assert set(stages) == {"first", "main"}
    assert stages == sorted(stages)
    assert all("split" not in record for record in records[: stages.count("first")])  # no dev score before emotions


def test_published_loss_and_published_prompts_train(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path
) -> None:
    style = {"layout": "published", "history": "window", "window": 2}
    recipe = llm_recipe("instruct_erc", style=style, training={"llm": {"loss": "lm"}})
    train(recipe, ruled_corpus(3), tmp_path, quiet=True)
    assert adapter(tmp_path)


def test_without_training_only_the_temperature_is_fitted(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path
) -> None:
    recipe = llm_recipe(training={"llm": {"is_trained": False}}, context={"removes_prior": True})
    train(recipe, ruled_corpus(3), tmp_path, quiet=True)
    assert adapter(tmp_path) == {}
    assert json.loads((tmp_path / "model" / "calibration.json").read_text())["temperature"] > 0


@pytest.mark.parametrize("loss", ["labels", "lm"])
def test_one_epoch_shows_the_models_own_mistakes(
    llm_recipe: Callable[..., Any],
    ruled_corpus: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    loss: str,
) -> None:
    """A real training of one epoch: every emotion shown is the gold label or what the model says right then."""
    count = 40
    recipe = llm_recipe(
        "emonet_llm",
        model={"history": {"scope": "conversation"}},
        lora={"dropout": 0.1},
        context={"recent": {"gold_share": 0.0, "dropped": 0.0}},
        training={"batch_tokens": 1, "llm": {"loss": loss}},
    )
    training = start(recipe, ruled_corpus(count), tmp_path)
    gold, past = np.array(learner_of(training).labels), learner_of(training).train.past
    assert past is not None
    shows: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]] = []
    prompts = PromptSystem.prompts

    def watched(self: PromptSystem, gathered: Any, c: int, emotions: Any = None, hidden: Any = None) -> Any:
        if gathered is learner_of(training).train and emotions is not None:
            rows = past.rows(gathered.rows([c]))
            state = torch.get_rng_state()
            said = self._score(gathered, [c], None, 10_000, None).argmax(axis=1)[rows - gathered.rows([c])[0]]
            assert torch.equal(state, torch.get_rng_state())
            is_gold, is_own = emotions[rows] == gold[rows], emotions[rows] == said
            assert (is_gold | is_own).all()
            shows.append((is_gold, is_own))
        return prompts(self, gathered, c, emotions, hidden)

    learner_of(training).lessons.main(0, 0, 0.0)  # at the first step all are gold
    monkeypatch.setattr(PromptSystem, "prompts", watched)
    training.run(tmp_path / "model")
    assert len(shows) == count
    assert all(is_own.all() for _, is_own in shows[-1:])
    told_apart = [(is_gold != is_own) for is_gold, is_own in shows]
    owns = sum(int((is_own & apart).sum()) for (_, is_own), apart in zip(shows, told_apart, strict=True))
    chances = np.repeat(np.arange(count) / (count - 1), [apart.sum() for apart in told_apart])
    assert len(chances) > 30
    assert abs(owns - chances.sum()) < 3 * np.sqrt((chances * (1 - chances)).sum())
    records = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    shares = [record["own_share"] for record in records if "own_share" in record]
    assert len(shares) == count
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_gold_emotions_cost_no_first_pass(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for scope in ("conversation", "all"):
        groups = {"model": {"history": {"scope": scope}}, "context": {"recent": {"gold_share": 1.0}}}
        training = start(llm_recipe("emonet_llm", **groups), ruled_corpus(6), tmp_path)
        monkeypatch.setattr(learner_of(training).system, "blind_labels", None)
        assert learner_of(training).lessons.label_shown(range(6), 0, 1.0) == 0.0


def test_own_labels_are_of_this_epoch_and_of_a_model_that_has_not_learnt_them(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over earlier conversations too: each is labelled once in an epoch, never after it was learnt from."""
    recipe = llm_recipe("emonet_llm", **EMONET, training={"epochs": 2, "batch_tokens": 1, "patience": 0})
    training = start(recipe, ruled_corpus(8), tmp_path)
    labelled: list[tuple[int, int]] = []
    learnt: list[tuple[int, int]] = []
    blind, loss = learner_of(training).system.blind_labels, learner_of(training).lessons.main

    def watched(gathered: Any, chosen: Any, batch_tokens: int = 4096) -> Any:
        if gathered is learner_of(training).train:
            assert not {(training.epoch, c) for c in chosen} & {*learnt, *labelled}
            labelled.extend((training.epoch, c) for c in chosen)
        return blind(gathered, chosen, batch_tokens)

    def taught(c: int, epoch: int, progress: float) -> Any:
        learnt.append((epoch, c))
        return loss(c, epoch, progress)

    monkeypatch.setattr(learner_of(training).system, "blind_labels", watched)
    monkeypatch.setattr(learner_of(training).lessons, "main", taught)
    training.run(tmp_path / "model")
    assert sorted(labelled) == sorted(learnt) == [(epoch, c) for epoch in (0, 1) for c in range(8)]


def test_only_earlier_utterances_are_shown(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path
) -> None:
    """Gold labels at the first step, the model's own at the last; hidden ones nowhere."""
    recent = {"recent": {"gold_share": 0.0, "dropped": 0.0}}
    training = start(llm_recipe("emonet_llm", context=recent, **EMONET), ruled_corpus(6), tmp_path)
    lessons, past = learner_of(training).lessons, learner_of(training).train.past
    assert past is not None
    gold = np.array(learner_of(training).labels)
    lessons.own[:], lessons.met[:] = (gold + 1) % 3, 0
    for c in range(6):
        rows = past.rows(learner_of(training).train.rows([c]))
        begin, _ = lessons._shown(c, 0, 0.0)
        end, hidden = lessons._shown(c, 0, 1.0)
        assert begin is not None
        assert end is not None
        assert hidden is not None
        assert not hidden.any()
        np.testing.assert_array_equal(begin[rows], gold[rows])
        np.testing.assert_array_equal(end[rows], lessons.own[rows])
        for row in learner_of(training).train.rows([c]):
            shown = {*past.recent[row], *past.related[row]} - {-1}
            assert all(_said_before(training, int(other), int(row)) for other in shown)


def _said_before(training: Run, other: int, row: int) -> bool:
    def moment(at: int) -> tuple[Any, ...]:
        (c,) = learner_of(training).train.owners(np.array([at]))
        return (*learner_of(training).train.conversations[c].meta["story"], at)

    return moment(other) < moment(row)


def test_dev_scores_do_not_know_gold_labels(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path
) -> None:
    """The same conversations without labels give the same scores, also where prompts show emotions and examples."""
    from dataclasses import replace

    corpus = ruled_corpus(5)
    for system, groups in (("emonet_llm", EMONET), ("instruct_erc", {})):
        training = start(llm_recipe(system, **groups), corpus, tmp_path)
        known = learner_of(training).builder.gather(corpus.split("dev"))
        bare = [replace(c, utterances=tuple(replace(u, label=None) for u in c.utterances)) for c in corpus.split("dev")]
        unknown = learner_of(training).builder.gather(bare)
        everything = range(len(bare))
        np.testing.assert_array_equal(
            learner_of(training).system.scores(known, everything),
            learner_of(training).system.scores(unknown, everything),
        )


def test_dev_scores_are_those_of_evaluation(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path
) -> None:
    """What an epoch is chosen and calibrated by is what the trained folder says of dev, over conversations too."""
    from erckit.evaluation.run.evaluate import evaluate_model
    from erckit.labelling import Labeler

    corpus = ruled_corpus(8)
    recipe = llm_recipe("emonet_llm", **EMONET, training={"epochs": 2, "batch_tokens": 300, "evaluations_per_epoch": 2})
    training = start(recipe, corpus, tmp_path)
    training.run(tmp_path / "model")
    labeler = Labeler.from_pretrained(tmp_path / "model", precision="fp32")
    result = evaluate_model(labeler, corpus, "dev", draws=10)
    for name in ("weighted_f1", "macro_f1", "accuracy"):
        assert result.metrics[name] == pytest.approx(labeler.scores["dev"][name])
    logits = labeler.logits(corpus.split("dev"), history="all", remember=corpus.split("train"))
    np.testing.assert_allclose(training._dev_logits(), np.concatenate(logits), atol=1e-4)


@pytest.mark.parametrize("form", ["first", "full"])
def test_a_recipe_says_what_is_scored_of_a_label(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path, form: str
) -> None:
    from dataclasses import replace

    from erckit.labels import LabelSet
    from erckit.prompting.scoring.label_likelihood import score_prompts
    from erckit.prompting.scoring.tokenize_prompt import label_tokens

    corpus = ruled_corpus(3)
    names = {"Calm": "Good", "Cross": "Angry", "Glad": "Happy"}  # which begin differently
    splits = {
        split: tuple(
            replace(c, utterances=tuple(replace(u, label=names[u.label]) for u in c.utterances)) for c in conversations
        )
        for split, conversations in corpus.splits.items()
    }
    corpus = replace(corpus, label_set=LabelSet(tuple(names.values()), neutral="Good"), splits=splits)
    training = start(llm_recipe(context={"label_form": form}), corpus, tmp_path)
    learner_of(training).lm.model.eval()
    gathered = learner_of(training).builder.gather(corpus.split("dev"))
    prompts = [p for c in range(len(gathered.conversations)) for p in learner_of(training).system.prompts(gathered, c)]
    by_hand = score_prompts(
        learner_of(training).lm, prompts, label_tokens(learner_of(training).lm, ["Good", "Angry", "Happy"], form)
    )
    np.testing.assert_allclose(learner_of(training).system.scores(gathered, range(len(prompts))), by_hand, atol=1e-4)
    answers = learner_of(training).lessons.main(0, 0, 0.0).prompts[0].questions[0].answers
    assert (max(map(len, answers)) == 1) == (form == "first")


def test_labels_that_a_corpus_lacks_take_no_part(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path
) -> None:
    from dataclasses import replace

    corpus = ruled_corpus(4)
    only = [
        replace(
            c,
            utterances=tuple(replace(u, label=None if u.label == "Cross" else u.label) for u in c.utterances),
            meta={**c.meta, "known_labels": ["Calm", "Glad"]},
        )
        for c in corpus.split("train")
    ]
    mixed = replace(corpus, splits={**corpus.splits, "train": tuple(only)})
    training = start(llm_recipe(), mixed, tmp_path)
    lesson = learner_of(training).lessons.main(0, 0, 0.0)
    bars = learner_of(training).lessons.bars(lesson)
    assert bars is not None
    np.testing.assert_array_equal(bars, np.tile([False, True, False], (len(lesson.gold), 1)))


def _with_known_labels(corpus: Any, hidden: str) -> Any:
    """The corpus with a train split that does not have one of the labels."""
    from dataclasses import replace

    left = [label for label in corpus.label_set.labels if label != hidden]
    train_split = tuple(
        replace(
            c,
            utterances=tuple(replace(u, label=None if u.label == hidden else u.label) for u in c.utterances),
            meta={**c.meta, "known_labels": left},
        )
        for c in corpus.split("train")
    )
    return replace(corpus, splits={**corpus.splits, "train": train_split})


def test_dev_of_a_mixture_is_scored_as_evaluate_scores_it(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path
) -> None:
    """Its conversations of a corpus without "Cross" cannot get that label, in training and afterwards."""
    from dataclasses import replace

    from erckit.evaluation.run.evaluate import evaluate_model
    from erckit.labelling import Labeler

    def mix(conversations: Any) -> Any:
        """Every other conversation says it all with two labels, so that what sounds cross is called glad."""
        for number, one in enumerate(conversations):
            said = tuple(replace(u, label="Glad" if u.label == "Cross" else u.label) for u in one.utterances)
            few = replace(one, utterances=said, meta={**one.meta, "known_labels": ["Calm", "Glad"]})
            yield few if number % 2 else one

    corpus = ruled_corpus(12)
    corpus = replace(corpus, splits={**corpus.splits, "dev": tuple(mix(corpus.split("dev")))})
    recipe = llm_recipe(training={"epochs": 3, "batch_tokens": 300, "llm": {"adjusts_labels": True}})
    folder = train(recipe, corpus, tmp_path, quiet=True)
    labeler = Labeler.from_pretrained(folder, precision="fp32")
    result = evaluate_model(labeler, corpus, "dev", draws=10)
    for name in ("weighted_f1", "macro_f1", "accuracy"):
        assert result.metrics[name] == pytest.approx(labeler.scores["dev"][name])
    assert result.metrics["calibrated"]
    # the model does say it is cross where nothing tells it that this label is not there
    bare = replace(corpus, splits={"dev": tuple(replace(c, meta={}) for c in corpus.split("dev"))})
    plain = evaluate_model(labeler, bare, "dev", draws=10)
    assert plain.metrics["accuracy"] < result.metrics["accuracy"]


@pytest.mark.parametrize(
    ("llm", "smoothing"),
    [
        ({}, 0.1),
        ({"loss": "lm"}, 0.0),
        ({"loss": "lm", "extra_tasks": {"emotion_impact": 0.1}}, 0.1),
        ({"first_task": "speaker_identification"}, 0.1),
    ],
)
def test_a_corpus_with_fewer_labels_trains_with_any_loss(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path, llm: Any, smoothing: float
) -> None:
    corpus = _with_known_labels(ruled_corpus(4), "Cross")
    recipe = llm_recipe(
        "instruct_erc", style={"demonstrations": 0}, training={"label_smoothing": smoothing, "llm": llm}
    )
    training = start(recipe, corpus, tmp_path)
    lessons = [learner_of(training).lessons.main(c, 0, 0.0) for c in range(4)]
    if "first_task" in llm:
        lessons += [learner_of(training).lessons.first(c) for c in range(4)]
    for lesson in lessons:
        if lesson.prompts:
            loss = float(training.learner.loss(lesson, training.moment()).detach())
            assert 0 < loss < 40 * len(lesson.gold)  # nothing of the 10,000 that a barred label is pushed down by


def test_the_published_loss_leaves_out_what_has_no_label(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path
) -> None:
    from dataclasses import replace

    corpus = ruled_corpus(4)
    first, *others = corpus.split("train")
    mute = replace(first, utterances=tuple(replace(u, label=None) for u in first.utterances))
    half = replace(others[0], utterances=(replace(others[0].utterances[0], label=None), *others[0].utterances[1:]))
    corpus = replace(corpus, splits={**corpus.splits, "train": (mute, half, *others[1:])})
    for style in ({}, {"history": "window", "window": 2}):
        recipe = llm_recipe("instruct_erc", style={"demonstrations": 0, **style}, training={"llm": {"loss": "lm"}})
        training = start(recipe, corpus, tmp_path / str(len(style)))
        assert learner_of(training).lessons.main(0, 0, 0.0).prompts == ()
        assert {c for epoch in training.epochs for batch in epoch.batches for c in batch} == {1, 2, 3}
        lesson = learner_of(training).lessons.main(1, 0, 0.0)
        assert len(lesson.gold) == len(half) - 1
        assert all(prompt.questions for prompt in lesson.prompts)
        train(recipe, corpus, tmp_path / str(len(style)), quiet=True)


def test_a_long_conversation_has_the_same_gradient_in_parts(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    corpus = ruled_corpus(12)
    said = [u for c in corpus.split("train") for u in c.utterances]
    long = replace(corpus.split("train")[0], utterances=tuple(replace(u, id=f"u{i}") for i, u in enumerate(said)))
    corpus = replace(corpus, splits={**corpus.splits, "train": (long, *corpus.split("train")[1:3])})
    recipe = llm_recipe(
        "instruct_erc",
        style={"demonstrations": 0},
        context={"max_tokens": 150, "left_context": 40},
        training={"batch_tokens": 400, "label_smoothing": 0.1, "class_weights": "sqrt_inverse"},
    )
    training = start(recipe, corpus, tmp_path)
    lesson = learner_of(training).lessons.main(0, 0, 0.0)
    parameters = [p for p in learner_of(training).lm.model.parameters() if p.requires_grad]
    for parameter in parameters:  # the second matrix of an adapter starts at zero, and hides the first
        torch.nn.init.normal_(parameter, std=0.05)
    training.learner.loss(lesson, training.moment()).backward()
    whole = [p.grad.clone() for p in parameters if p.grad is not None]
    training.optimizer.zero_grad(set_to_none=True)
    asked = training.learner.asked([[0]], training.moment())
    sizes, stepped = [], []
    read, clip = training.learner.loss, torch.nn.utils.clip_grad_norm_
    monkeypatch.setattr(training.learner, "loss", lambda part, at: sizes.append(len(part.gold)) or read(part, at))
    monkeypatch.setattr(
        torch.nn.utils,
        "clip_grad_norm_",
        lambda these, most: stepped.extend(p.grad.clone() for p in these) or clip(these, most),
    )
    step_on(training, [[0]])
    assert len(sizes) > 2
    assert sum(sizes) == len(lesson.gold)
    assert len(stepped) == len(whole) == len(parameters)
    for one, other in zip(stepped, whole, strict=True):
        torch.testing.assert_close(one * asked, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("llm", "is_asked"),
    [({"extra_tasks": {"characteristics": 0.0}}, False), ({"first_task": "characteristics"}, True)],
)
def test_annotations_are_made_for_tasks_that_are_trained(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path, llm: Any, is_asked: bool
) -> None:
    if not is_asked:  # which would leave a plain prompt
        with pytest.raises(SettingError, match="first_task=characteristics to learn them, or show them"):
            llm_recipe("laerc_s", training={"llm": llm})
        return
    recipe = llm_recipe("laerc_s", training={"llm": llm})
    if is_asked:  # nobody is there to write them
        with pytest.raises(SettingError, match="the engine 'extract' writes biographies only"):
            start(recipe, ruled_corpus(3), tmp_path)
    else:
        assert "characteristics" not in start(recipe, ruled_corpus(3), tmp_path).train.fields


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"lora": {"targets": ["q_prj"]}}, "no matrix 'q_prj'. Did you mean 'q_proj'"),
        ({"training": {"llm": {"first_task": "speaker_identifying"}}}, "Did you mean 'speaker_identification'"),
        ({"training": {"llm": {"extra_tasks": {"emotion_imact": 0.1}}}}, "Did you mean 'emotion_impact'"),
        ({"training": {"r_drop": 1.0}}, "'training.r_drop' is not for LLM systems"),
        ({"training": {"llm": {"loss": "label"}}}, "Did you mean 'labels'"),
        ({"context": {"label_form": "fulll"}}, "Did you mean 'full'"),
        ({"context": {"recent": {"dropped": 1}}}, "'context.recent.dropped' must be at least 0 and less than 1, got 1"),
        ({"lora": {"alpha": float("nan")}}, "'lora.alpha' must be more than 0 and finite, got nan"),
        ({"lora": {"alpha": float("inf")}}, "'lora.alpha' must be more than 0 and finite"),
        ({"lora": {"targets": [1]}}, r"'lora.targets\[0\]' must be str, got 1"),
        ({"training": {"llm": {"extra_tasks": {1: 0.5}}}}, "'key of training.llm.extra_tasks' must be str, got 1"),
        ({"style": {"windw": 3}}, "Did you mean 'window'"),
        ({"lora": {"is_quantised": True}}, "bitsandbytes|CUDA GPU"),
    ],
)
def test_bad_settings_are_refused(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path, groups: Any, message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        train(llm_recipe("instruct_erc", **groups), ruled_corpus(3), tmp_path, quiet=True)


def test_gradient_checkpointing_changes_nothing(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path
) -> None:
    kept, again = (
        start(llm_recipe(training={"llm": {"saves_memory": saves}}), ruled_corpus(3), tmp_path)
        for saves in (False, True)
    )
    assert step_on(kept, [[0]]) == pytest.approx(step_on(again, [[0]]))


def test_dry_run_counts_what_a_training_reads(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Path
) -> None:
    from erckit.training.run import dry_run

    recipe, corpus = llm_recipe(training={"epochs": 2}), ruled_corpus(6)
    found = dry_run(recipe, corpus)
    training = start(recipe, corpus, tmp_path)
    assert found.steps == training.stage_steps[MAIN] == sum(len(epoch.batches) for epoch in training.epochs)
    assert found.tokens == sum(learner_of(training).lessons.main(c, 0, 0.0).tokens for c in range(6))
    assert FIRST not in learner_of(training).tokens
