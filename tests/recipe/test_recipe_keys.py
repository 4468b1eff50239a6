"""Keys that a recipe's model does not read are refused by name, whatever the recipe."""

from __future__ import annotations

from typing import Any

import pytest

from erckit.errors import SettingError
from erckit.models.prompts import PROMPT_STYLES
from erckit.recipe.load_recipe import change_recipe, load_recipe
from erckit.recipe.recipe import Recipe

OTHER = {
    "model.attention": "full", "model.pooling": "marker", "model.has_separator": False,
    "model.max_utterance_tokens": 64, "model.left_context": 8, "model.speaker.identity": "local",
    "model.speaker.form": "name", "model.speaker.min_utterances": 1, "model.history.window": 3,
    "model.history.encoder": "own", "model.history.is_frozen": True, "model.gru_layers": 1, "model.gru_dropout": 0.0,
    "model.has_projection": False, "model.head_dropout": 0.0, "model.dropout": 0.1, "model.frozen_layers": 1,
    "model.freezes_embeddings": False, "model.sentemo.heads": 2,
    "training.head_rate": 1e-3, "training.layer_decay": 0.5, "training.weights_from": "batch",
    "training.sampling": "inverse", "training.kept_conversations": {"*": 0.5}, "training.adjusts_neutral": True,
    "training.metric.loss": "triplet", "training.metric.margin": 0.3, "training.head_first.epochs": 2,
    "training.r_drop": 1.0, "training.start_from": "there", "training.teachers": ["a.json"],
    "training.teacher_share": 0.1,
}  # fmt: skip


@pytest.mark.parametrize("key", OTHER)
def test_an_llm_recipe_refuses_what_only_encoders_read(key: str) -> None:
    with pytest.raises(SettingError, match=rf"'{key}' is not for LLM systems, got .*Leave it out\.$"):
        change_recipe(load_recipe("emonet_llm/emorynlp"), {key: OTHER[key]})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lora.rank", 4), ("lora.targets", ["q_proj"]), ("lora.is_quantised", True), ("context.max_tokens", 600),
        ("context.removes_prior", True), ("context.recent.gold_share", 0.5), ("context.label_form", "full"),
        ("context.demonstrations.how", "same_label"),
        ("context.engine.kind", "local"), ("training.llm.loss", "lm"), ("training.llm.saves_memory", True),
        ("training.llm.extra_tasks", {"emotion_impact": 0.1}),
    ],
)  # fmt: skip
def test_an_encoder_recipe_refuses_what_only_llms_read(key: str, value: Any) -> None:
    with pytest.raises(SettingError, match=rf"'{key}' is for LLM systems \(.*model 'emonet' is none"):
        change_recipe(load_recipe("emonet/emorynlp"), {key: value})


def test_a_recipe_comes_back_from_its_own_dictionary() -> None:
    for name in ("emonet/emorynlp", "emonet_llm/emorynlp"):
        recipe = load_recipe(name)
        assert change_recipe(recipe, recipe.to_dict()).to_dict() == recipe.to_dict()


@pytest.mark.parametrize("system", sorted(PROMPT_STYLES))
@pytest.mark.parametrize("scope", ["chunk", "preceding"])
def test_scopes_that_reach_elsewhere_are_refused(system: str, scope: str) -> None:
    with pytest.raises(SettingError, match=f"is none, conversation or all, got '{scope}'"):
        change_recipe(Recipe(), {"model.name": system, "model.history.scope": scope})


def test_context_that_a_style_does_not_show_is_refused() -> None:
    for recipe, key, value in (
        ("instruct_erc/emorynlp", "context.recent.dropped", 0.5),
        ("instruct_erc/emorynlp", "context.engine.tokens", 5),
        ("ckerc/emorynlp", "context.demonstrations.per_label", 5),
        ("bios_erc/emorynlp", "context.recent.gold_share", 1.0),
    ):
        with pytest.raises(SettingError, match=f"'{key}': '.*' shows nothing of it"):
            change_recipe(load_recipe(recipe), {key: value})
    off = {"style.recent": 0, "style.related": 0, "style.biography": False}
    change_recipe(load_recipe("emonet_llm/emorynlp"), off)  # a part that is switched off keeps its settings


@pytest.mark.parametrize(
    ("recipe", "changes", "message"),
    [
        ("bios_erc/emorynlp", {"model.history.scope": "none"}, "leaves no past of which 'bios_erc' could show biog"),
        ("emonet_llm/emorynlp", {"model.history.scope": "none"}, "could show biographies and recent and related. Set"),
        ("instruct_erc/emorynlp_plain", {"context.demonstrations.how": "same_label"}, "Set style.demonstrations=1"),
        ("laerc_s/emorynlp", {"training.llm.first_task": ""}, "plain prompt: .*first_task=characteristics to learn"),
        ("ckerc/emorynlp", {"training.llm.is_trained": False}, "not shown, and nothing is learnt here. Set"),
    ],
)
def test_a_style_without_what_makes_it_is_refused(recipe: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        change_recipe(load_recipe(recipe), changes)


def test_a_style_whose_part_stands_elsewhere_is_not_refused() -> None:
    shown = {"style.commonsense": "prompt", "training.llm.first_task": ""}
    change_recipe(load_recipe("ckerc/emorynlp"), {**shown, "training.llm.is_trained": False})
    change_recipe(load_recipe("laerc_s/emorynlp"), {"style.in_prompt": True, "training.llm.first_task": ""})
    without = {"style.recent": 0, "style.related": 0, "style.biography": False, "model.history.scope": "none"}
    change_recipe(load_recipe("emonet_llm/emorynlp"), without)
