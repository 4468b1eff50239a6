"""Every recipe of the repository parses, and those that promise published settings keep the promise."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from erckit.corpora import CORPORA
from erckit.corpora.mixture import mixture_parts
from erckit.errors import SettingError
from erckit.evaluation.ablation.ablation_plan import load_ablation
from erckit.models import MODELS, model_class
from erckit.models.prompts import PROMPT_STYLES
from erckit.recipe.load_recipe import ablation_names, is_ablation, load_recipe, recipe_names

YAML_FILES = sorted((Path(__file__).resolve().parents[1] / "recipes").rglob("*.yaml"))
ABLATIONS = [path for path in YAML_FILES if path.stem.startswith("ablation")]
FILES = [path for path in YAML_FILES if path not in ABLATIONS]


def test_the_promised_recipes_are_there() -> None:
    names = {f"{path.parent.name}/{path.stem}" for path in FILES}
    assert {"emonet/emorynlp", "emonet/emorynlp_thesis", "compm/emorynlp"} <= names
    assert names <= set(recipe_names())


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_recipe_parses_and_stands_where_its_model_says(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe == load_recipe(f"{path.parent.name}/{path.stem}")
    assert recipe.name == f"{path.parent.name}/{path.stem}"
    if path.parent.name != "baseline":
        assert recipe.model.name == path.parent.name
    assert recipe.model.name in {*MODELS, *PROMPT_STYLES}
    assert {name for name, _ in mixture_parts(recipe.corpus)} <= set(CORPORA)
    assert path.read_text(encoding="utf-8").startswith("# ")  # says what it is for


def test_thesis_settings_are_the_published_ones() -> None:
    """research: two RoBERTa-large, text marker, 11 earlier utterances in file order, no W_p, min/count, rate 1e-6."""
    recipe = load_recipe("emonet/emorynlp_thesis")
    model, training = recipe.model, recipe.training
    assert model.backbone.endswith("roberta-large")
    assert (model.speaker.identity, model.speaker.form) == ("global", "marker")
    assert (model.history.scope, model.history.order, model.history.window) == ("all", "file", 11)
    assert (model.history.encoder, model.history.is_frozen) == ("own", False)
    assert (model.own.gru_layers, model.own.gru_dropout, model.own.has_projection) == (2, 0.3, False)
    assert (model.attention, model.pooling) == ("per_utterance", "first")
    assert training.class_weights == "min_count"
    assert (training.backbone_rate, training.head_rate, training.layer_decay) == (1e-6, 1e-6, 1.0)
    assert (training.clip, training.epochs, training.warmup) == (10.0, 10, 0.1)


def test_compm_knows_this_conversation_only() -> None:
    model = load_recipe("compm/emorynlp").model
    assert (model.speaker.identity, model.history.scope) == ("local", "conversation")
    assert load_recipe("compm/emorynlp").training.class_weights == "none"


def test_baseline_encoders_differ_from_emonet_in_what_they_read_only() -> None:
    emonet = load_recipe("emonet/emorynlp")
    utterance, context = (load_recipe(f"baseline/{name}") for name in ("utterance", "context"))
    for recipe in (utterance, context):
        assert recipe.training == emonet.training
        assert recipe.model.history.scope == "none"
    assert (utterance.model.attention, utterance.model.speaker.form) == ("isolated", "none")
    assert (context.model.attention, context.model.speaker) == ("one_pass", emonet.model.speaker)
    same = {"name": "emonet", "history": emonet.model.history}
    assert dataclasses.replace(context.model, **same) == emonet.model
    alone = {**same, "attention": "one_pass", "speaker": emonet.model.speaker}
    assert dataclasses.replace(utterance.model, **alone) == emonet.model


def test_ablations_and_recipes_are_told_apart() -> None:
    names = {f"{path.parent.name}/{path.stem}" for path in ABLATIONS}
    assert "emonet/ablation" in names
    assert names <= set(ablation_names())
    assert not set(ablation_names()) & set(recipe_names())
    assert [path for path in YAML_FILES if is_ablation(path)] == ABLATIONS
    with pytest.raises(SettingError, match="erckit ablate emonet/ablation"):
        load_recipe("emonet/ablation")
    with pytest.raises(SettingError, match="erckit evaluate"):
        load_ablation(FILES[0])


@pytest.mark.parametrize("path", ABLATIONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_ablation_parses(path: Path) -> None:
    plan = load_ablation(path)
    assert plan == load_ablation(f"{path.parent.name}/{path.stem}")
    assert {name for name, _ in mixture_parts(plan.base.corpus)} <= set(CORPORA)
    assert all(row.about.endswith(".") for row in plan.rows)
    assert path.read_text(encoding="utf-8").startswith("# ")


def test_rows_of_emonet_are_those_of_the_thesis_and_five_more() -> None:
    """systems.md 2.1: CoMPM; + global identity; + speaker behaviour; + class weights; + normalised."""
    plan, base = load_ablation("emonet/ablation"), load_recipe("emonet/emorynlp")
    compm, identity, behaviour, weights, emonet, *others = [row.recipe for row in plan.rows]
    assert compm.model.speaker == load_recipe("compm/emorynlp").model.speaker
    assert (compm.model.name, compm.model.history.scope) == ("compm", "conversation")
    speaker = identity.model.speaker
    assert (speaker.identity, speaker.form, speaker.min_utterances) == ("global", "marker", 1)
    assert identity.model.history == compm.model.history
    assert behaviour.model.speaker == speaker
    assert (behaviour.model.history.scope, behaviour.model.history.order) == ("all", "file")
    assert weights.model == emonet.model == behaviour.model
    found = [row.recipe.training.class_weights for row in plan.rows[:5]]
    assert found == ["none", "none", "none", "inverse", "min_count"]
    thesis = load_recipe("emonet/emorynlp_thesis")
    assert (emonet.model.speaker, emonet.training.class_weights) == (thesis.model.speaker, "min_count")
    assert (emonet.model.history.scope, emonet.model.history.order, emonet.model.history.window) == ("all", "file", 11)
    assert [row.model.speaker.form for row in others[:3]] == ["token", "embedding", "name"]
    assert (others[3].model.history.order, others[4].model.history.scope) == ("story", "conversation")
    for row in plan.rows:
        # held equal in all rows: backbone and training but for the weights of the loss
        same = dataclasses.replace(row.recipe.training, class_weights=base.training.class_weights)
        assert same == base.training
        assert row.recipe.model.backbone == base.model.backbone
    for recipe in others:
        back = {"speaker": emonet.model.speaker, "history": emonet.model.history}
        assert dataclasses.replace(recipe.model, **back) == emonet.model
        assert recipe.training == emonet.training
    assert len({repr(dataclasses.replace(row.recipe, name="")) for row in plan.rows}) == len(plan.rows) == 10


def test_published_sentemo_settings_are_the_published_ones() -> None:
    """systems.md 2.6: chunks of 15, 24 heads, dropout .3, margin 1, Euclidean, and how often what is drawn."""
    recipe = load_recipe("sentemo/dailydialog_published")
    model, training = recipe.model, recipe.training
    assert (model.history.scope, model.history.window + 1) == ("chunk", 15)
    assert not model_class(model.name).is_causal(model)
    reader, own = model.reader, model.own
    assert (reader.is_frozen, reader.layers, own.heads, own.dropout) == (True, (), 24, 0.3)
    assert model.head.kind == "transformer"
    metric = training.metric
    assert (metric.loss, metric.schedule, metric.margin, metric.distance) == ("triplet", "alternate", 1.0, "euclidean")
    assert (metric.miner, training.neutral_weight, training.weights_from) == ("uniform", 1e-9, "batch")
    assert training.kept_conversations == {"no emotion": 0.01, "happiness": 0.17, "*": 0.86}
    head = training.head_first
    assert (head.epochs, head.batch, head.rate) == (50, 16, 5e-4)
    published = ("no emotion", "anger", "disgust", "fear", "happiness", "sadness", "surprise")  # classes 0 to 6
    assert [head.utterances[label] for label in published] == [2000, 500, 500, 300, 2000, 300, 1000]


def test_repaired_sentemo_is_causal_and_frozen_unless_tuned() -> None:
    for name in ("dailydialog", "emorynlp"):
        model = load_recipe(f"sentemo/{name}").model
        assert model_class(model.name).is_causal(model)
        assert (model.history.scope, model.history.window, model.reader.is_frozen) == ("preceding", 14, True)
    assert not load_recipe("sentemo/dailydialog_tuned").model.reader.is_frozen


def test_rows_of_emonet_llm_switch_one_part_off_each() -> None:
    plan, base = load_ablation("emonet_llm/ablation"), load_recipe("emonet_llm/emorynlp")
    full, *others = [row.recipe for row in plan.rows]
    assert dataclasses.replace(full, name=base.name) == base
    parts = {"biography", "recent", "related"}
    off = [{part for part in parts if not recipe.style.get(part, True)} for recipe in others]
    assert off[:5] == [{"biography"}, set(), {"recent"}, {"related"}, parts]
    searched = others[1].style
    assert (searched["biography_sentences"], searched["biography_place"]) == (1, "question")
    assert [row.recipe.training.llm.adjusts_labels for row in plan.rows] == [True] * 12 + [False]
    assert len({repr(dataclasses.replace(row.recipe, name="")) for row in plan.rows}) == len(plan.rows)


def test_published_llm_settings_are_the_published_ones() -> None:
    """systems.md 2.3 and 2.4: LoRA and rates, windows, stages and weights."""
    recipe = load_recipe("instruct_erc/emorynlp_published")
    assert (recipe.lora.rank, recipe.lora.alpha, recipe.lora.dropout) == (16, 16.0, 0.05)
    assert recipe.lora.targets == ("q_proj", "k_proj", "v_proj")
    assert (recipe.training.backbone_rate, recipe.training.warmup, recipe.training.clip) == (2e-4, 0.1, 1.0)
    llm = recipe.training.llm
    assert (llm.loss, llm.first_task, llm.extra_tasks) == ("lm", "speaker_identification", {"emotion_impact": 0.1})
    assert (recipe.style["history"], recipe.style["window"]) == ("window", 12)
    assert recipe.context.demonstrations.how == "same_label"
    bios = load_recipe("bios_erc/emorynlp_published")
    assert (bios.lora.rank, bios.lora.alpha, bios.lora.dropout, bios.lora.is_quantised) == (32, 128.0, 0.05, True)
    assert bios.lora.targets == ("all-linear",)
    assert (bios.training.backbone_rate, bios.training.warmup, bios.training.clip) == (3e-4, 0.03, 0.3)
    assert (bios.training.epochs, bios.style["window"], bios.style["window_after"]) == (3, 5, 5)


def test_scaling_halves_the_train_split_six_times() -> None:
    shares = [row.recipe.training.share for row in load_ablation("instruct_erc/ablation_scaling").rows]
    assert shares == [0.5**n for n in range(7)]


def test_mixtures_are_halved_six_times_both_ways() -> None:
    rows = load_ablation("instruct_erc/ablation_mix").rows
    found = [(row.recipe.training.share, row.recipe.training.share_of) for row in rows[1:]]
    assert found == [(0.5**n, of) for n in range(1, 7) for of in ("total", "each")]
