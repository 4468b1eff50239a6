"""A value that takes effect under another value only is refused where that other value is not there."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from erckit.cli.evaluating.answering import with_style
from erckit.errors import SettingError
from erckit.labelling import Labeler
from erckit.models import MODELS
from erckit.models.model_settings import declared_settings
from erckit.models.prompts import PROMPT_STYLES, prompt_style_class
from erckit.recipe.load_recipe import change_recipe, load_recipe, recipe_from_dict
from erckit.recipe.recipe import Recipe
from erckit.recipe.recorded import recorded_recipe

COMPM: dict[str, Any] = {"model.name": "compm"}
SENTEMO: dict[str, Any] = {"model.name": "sentemo"}
FROZEN: dict[str, Any] = {"model.name": "emonet_frozen"}
BIOS: dict[str, Any] = {"model.name": "bios_erc", "model.history.scope": "conversation"}
EMONET: dict[str, Any] = {"model.name": "emonet_llm"}
INSTRUCT: dict[str, Any] = {"model.name": "instruct_erc"}
CKERC: dict[str, Any] = {"model.name": "ckerc", "training.llm.first_task": "commonsense"}
ALONE = {"model.history.scope": "none"}
TUNED = {"model.reader.is_frozen": False}
UNTRAINED = {"training.llm.is_trained": False}
ENDPOINT = {"context.engine.kind": "endpoint", "context.engine.model": "m", "context.engine.url": "http://h/v1"}
LOCAL = {"context.engine.kind": "local"}
TRIPLET = {"training.metric.loss": "triplet"}

# Key, a value that is not its default, settings with which nothing reads it, and settings with which it is read.
PAIRS: list[tuple[str, Any, dict[str, Any], dict[str, Any]]] = [
    ("model.speaker.min_utterances", 3, {**COMPM, "model.speaker.identity": "local"}, COMPM),
    ("model.left_context", 64, {**COMPM, "model.attention": "isolated"}, COMPM),
    ("model.history.window", 3, {**COMPM, **ALONE}, COMPM),
    ("model.history.order", "file", {**COMPM, **ALONE}, COMPM),
    ("model.history.encoder", "own", {**COMPM, **ALONE}, COMPM),
    ("model.history.is_frozen", True, {**COMPM, **ALONE}, COMPM),
    ("model.history.window", 3, {**SENTEMO, **ALONE}, SENTEMO),
    ("model.compm.gru_layers", 1, {**COMPM, **ALONE}, COMPM),
    ("model.compm.gru_dropout", 0.0, {**COMPM, **ALONE}, COMPM),
    ("model.compm.has_projection", False, {**COMPM, **ALONE}, COMPM),
    ("model.emonet_frozen.gru_layers", 1, {**FROZEN, **ALONE}, FROZEN),
    ("model.emonet_frozen.gru_dropout", 0.0, {**FROZEN, **ALONE}, FROZEN),
    ("model.reader.is_frozen", False, {**SENTEMO, "model.reader.kind": "words"}, SENTEMO),
    ("model.reader.projection_dropout", 0.2, {**SENTEMO, "model.reader.has_projection": False}, SENTEMO),
    ("model.dropout", 0.2, SENTEMO, {**SENTEMO, **TUNED}),
    ("model.dropout", 0.2, {**SENTEMO, "model.reader.kind": "words"}, COMPM),
    ("model.frozen_layers", 2, SENTEMO, {**SENTEMO, **TUNED}),
    ("model.freezes_embeddings", False, SENTEMO, {**SENTEMO, **TUNED}),
    ("model.head.dropout", 0.2, {**SENTEMO, "model.head.kind": "cosine"}, SENTEMO),
    ("model.head.temperature", 0.2, SENTEMO, {**SENTEMO, "model.head.kind": "cosine"}),
    ("model.head.is_detached", True, SENTEMO, {**SENTEMO, **TRIPLET}),
    ("style.window", 5, BIOS, {**BIOS, "style.history": "window"}),
    ("style.wording", 1, {**BIOS, "style.layout": "published"}, BIOS),
    ("style.biography_words", 20, {**BIOS, "style.biographies": "none"}, BIOS),
    ("style.biography_place", "history", {**BIOS, "style.biographies": "none"}, BIOS),
    ("style.biography_words", 20, {**EMONET, "style.biography": False}, EMONET),
    ("style.biography_place", "history", {**EMONET, "style.biography": False}, EMONET),
    ("style.recent_texts", True, {**EMONET, "style.recent": 0}, EMONET),
    ("style.demonstration_words", 9, {**INSTRUCT, "style.demonstrations": 0}, INSTRUCT),
    ("context.demonstrations.how", "same_label", {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("context.demonstrations.per_label", 9, {**INSTRUCT, "style.demonstrations": 0}, INSTRUCT),
    ("context.demonstrations.encoder", "e", {**INSTRUCT, "style.demonstrations": 0}, INSTRUCT),
    ("context.demonstrations.encoder", "e", {**EMONET, "style.related": 0}, EMONET),
    ("context.examples.seed", 2, INSTRUCT, {**INSTRUCT, "context.examples.count": 7}),
    ("context.recent.dropped", 0.5, {**EMONET, "style.recent": 0, "style.related": 0}, {**EMONET, "style.related": 0}),
    ("context.recent.gold_share", 0.5, {**EMONET, **UNTRAINED}, EMONET),
    ("context.engine.kind", "local", {**EMONET, "style.biography": False}, EMONET),
    ("context.engine.kind", "local", {**BIOS, "style.biographies": "none"}, CKERC),
    ("context.engine.model", "other", EMONET, {**EMONET, **LOCAL}),
    ("context.engine.url", "http://h/v1", {**EMONET, **LOCAL}, {**EMONET, **ENDPOINT}),
    ("context.engine.file", "f.jsonl", EMONET, {**EMONET, "context.engine.kind": "file"}),
    ("context.engine.tokens", 9, EMONET, {**EMONET, **LOCAL}),
    ("context.engine.seconds", 9.0, EMONET, {**EMONET, **ENDPOINT}),
    ("context.engine.tries", 9, EMONET, {**EMONET, **LOCAL}),
    ("context.engine.timeout", 9.0, {**EMONET, **LOCAL}, {**EMONET, **ENDPOINT}),
    ("context.engine.parallel", 9, EMONET, {**EMONET, **LOCAL}),
    ("lora.rank", 4, {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("lora.targets", ["q_proj"], {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("lora.is_quantised", True, {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("training.epochs", 9, {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("training.accumulate", 2, {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("training.backbone_rate", 0.01, {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("training.layer_decay", 0.5, SENTEMO, COMPM),
    ("training.weight_decay", 0.5, {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("training.warmup", 0.5, {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("training.clip", 0.5, {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("training.class_weights", "inverse", {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("training.weights_from", "batch", COMPM, {**COMPM, "training.class_weights": "inverse"}),
    ("training.neutral_weight", 0.5, {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("training.sampling", "inverse", {**COMPM, "training.kept_conversations": {"*": 0.5}}, COMPM),
    ("training.label_smoothing", 0.1, {**COMPM, "training.teachers": ["a.json"]}, COMPM),
    ("training.label_smoothing", 0.1, {**INSTRUCT, "training.llm.loss": "lm"}, INSTRUCT),
    (
        "training.label_smoothing", 0.1, {**INSTRUCT, **UNTRAINED},
        {**INSTRUCT, "training.llm.loss": "lm", "training.llm.extra_tasks": {"emotion_impact": 0.1}},
    ),
    ("training.teacher_share", 0.2, COMPM, {**COMPM, "training.teachers": ["a.json"]}),
    ("training.average", 0.9, {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("training.patience", 9, {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("training.evaluations_per_epoch", 2, {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("training.share_of", "each", COMPM, {**COMPM, "training.share": 0.5}),
    ("training.metric.weight", 0.5, COMPM, {**COMPM, **TRIPLET}),
    ("training.metric.schedule", "alternate", COMPM, {**COMPM, **TRIPLET}),
    ("training.metric.per_label", 9, COMPM, {**COMPM, **TRIPLET}),
    ("training.metric.distance", "cosine", {**COMPM, "training.metric.loss": "contrastive"}, {**COMPM, **TRIPLET}),
    ("training.metric.margin", 0.5, {**COMPM, "training.metric.loss": "prototypes"}, {**COMPM, **TRIPLET}),
    ("training.metric.miner", "hard", {**COMPM, "training.metric.loss": "contrastive"}, {**COMPM, **TRIPLET}),
    ("training.metric.triplets", 9, {**COMPM, **TRIPLET}, {**COMPM, **TRIPLET, "training.metric.miner": "uniform"}),
    ("training.metric.temperature", 0.5, {**COMPM, **TRIPLET}, {**COMPM, "training.metric.loss": "contrastive"}),
    (
        "training.metric.queue", 9, {**COMPM, "training.metric.loss": "contrastive"},
        {**COMPM, "training.metric.loss": "prototypes"},
    ),
    ("training.head_first.batch", 9, SENTEMO, {**SENTEMO, "training.head_first.epochs": 1}),
    ("training.head_first.rate", 0.1, SENTEMO, {**SENTEMO, "training.head_first.epochs": 1}),
    ("training.head_first.utterances", {"joyful": 9}, SENTEMO, {**SENTEMO, "training.head_first.epochs": 1}),
    ("training.llm.loss", "lm", {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("training.llm.first_task", "speaker_identification", {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    (
        "training.llm.first_epochs", 2, INSTRUCT,
        {**INSTRUCT, "training.llm.first_task": "speaker_identification"},
    ),
    ("training.llm.extra_tasks", {"emotion_impact": 0.1}, {**INSTRUCT, **UNTRAINED}, INSTRUCT),
    ("training.llm.saves_memory", True, {**INSTRUCT, **UNTRAINED}, INSTRUCT),
]  # fmt: skip
IDS = [f"{key}-{number}" for number, (key, *_) in enumerate(PAIRS)]


def nested(changes: dict[str, Any]) -> dict[str, Any]:
    """A recipe's dictionary."""
    values: dict[str, Any] = {}
    for key, value in changes.items():
        *groups, last = key.split(".")
        inner = values
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[last] = value
    return values


@pytest.mark.parametrize(("key", "value", "off", "on"), PAIRS, ids=IDS)
def test_a_value_that_nothing_reads_is_refused(key: str, value: Any, off: dict[str, Any], on: dict[str, Any]) -> None:
    recipe_from_dict(nested(off))
    with pytest.raises(SettingError, match=rf"'{key}' is read with '.*' .* only, and here '.*' is .*; got .*\. Leave"):
        recipe_from_dict(nested({**off, key: value}))
    recipe_from_dict(nested({**on, key: value}))


@pytest.mark.parametrize(("key", "value", "off", "on"), PAIRS, ids=IDS)
def test_what_a_change_leaves_behind_is_kept(key: str, value: Any, off: dict[str, Any], on: dict[str, Any]) -> None:
    recipe = recipe_from_dict(nested(off))
    with pytest.raises(SettingError, match=f"'{key}' is read with"):
        change_recipe(recipe, {key: value})
    kept = recorded_recipe(nested({**off, key: value}))  # as an earlier version took it
    for part in key.split("."):
        kept = kept[part]
    assert kept == (tuple(value) if isinstance(value, list) else value)


def conditions_of(kind: Any, prefix: str) -> set[str]:
    """Dotted keys below a dataclass of settings that are read under conditions of their own."""
    keys: set[str] = set()
    for field in dataclasses.fields(kind):
        key = f"{prefix}.{field.name}"
        if "read_when" in field.metadata and not dataclasses.is_dataclass(getattr(kind(), field.name)):
            keys.add(key)
        if dataclasses.is_dataclass(inner := getattr(kind(), field.name)):
            keys |= conditions_of(type(inner), key)
    return keys


def test_every_condition_stands_in_the_table() -> None:
    recipe = Recipe()
    said: set[str] = set()
    for part in ("context", "training", "model"):
        said |= conditions_of(type(getattr(recipe, part)), part)
    for name in MODELS:
        own = declared_settings(name).own
        said |= set() if own is None or name == "emonet" else conditions_of(own, f"model.{name}")
    for name in PROMPT_STYLES:
        said |= conditions_of(prompt_style_class(name).settings_class, "style")
    assert said <= {key for key, *_ in PAIRS}


def test_overrides_may_switch_a_part_off_and_must_not_speak_of_it() -> None:
    recipe = load_recipe("emonet_llm/emorynlp", ["style.biography=false"])
    assert recipe.style["biography_words"] == 40  # as the recipe says
    with pytest.raises(SettingError, match=r"with --set: 'style.biography_words' is read with 'style.biography' at"):
        load_recipe("emonet_llm/emorynlp", ["style.biography=false", "style.biography_words=30"])
    with pytest.raises(SettingError, match=r"'model.head.temperature' is read with 'model.head.kind' at cosine only"):
        load_recipe("sentemo/emorynlp", ["model={name: sentemo, head: {temperature: 0.2}}"])
    again = change_recipe(recipe, {"training.epochs": 1})  # what was left behind is nothing new
    assert change_recipe(again, {"style.biography": True}).style["biography_words"] == 40


def test_prompts_of_a_trained_model_are_not_changed_in_vain(llm_folder: Path) -> None:
    labeler = Labeler.from_pretrained(llm_folder, precision="fp32")
    with pytest.raises(SettingError, match=r"'style.biography_words' is read with 'style.biography' at true only"):
        with_style(labeler, {"biography": False, "biography_words": 9})
    assert with_style(labeler, {"biography": False}).name.endswith("(biography=False)")
