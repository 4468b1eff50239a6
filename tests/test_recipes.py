"""Every recipe of the repository parses, and those that promise published settings keep the promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from erckit.corpora import CORPORA
from erckit.models import MODELS
from erckit.training.recipe import load_recipe, recipe_names

FILES = sorted((Path(__file__).resolve().parents[1] / "recipes").rglob("*.yaml"))


def test_the_promised_recipes_are_there() -> None:
    names = {f"{path.parent.name}/{path.stem}" for path in FILES}
    assert {"emonet/emorynlp", "emonet/emorynlp_thesis", "compm/emorynlp"} <= names
    assert names <= set(recipe_names())


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_recipe_parses_and_stands_where_its_model_says(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe == load_recipe(f"{path.parent.name}/{path.stem}")
    assert recipe.name == f"{path.parent.name}/{path.stem}"
    assert recipe.model.name == path.parent.name
    assert recipe.model.name in MODELS
    assert recipe.corpus in CORPORA
    assert path.read_text(encoding="utf-8").startswith("# ")  # says what it is for


def test_thesis_settings_are_the_published_ones() -> None:
    """research: two RoBERTa-large, text marker, 11 earlier utterances in file order, no W_p, min/count, rate 1e-6."""
    recipe = load_recipe("emonet/emorynlp_thesis")
    model, training = recipe.model, recipe.training
    assert model.backbone.endswith("roberta-large")
    assert (model.speaker.identity, model.speaker.form) == ("global", "marker")
    assert (model.history.scope, model.history.order, model.history.window) == ("all", "file", 11)
    assert (model.history.encoder, model.history.is_frozen) == ("own", False)
    assert (model.gru_layers, model.gru_dropout, model.has_projection) == (2, 0.3, False)
    assert (model.attention, model.pooling) == ("per_utterance", "first")
    assert training.class_weights == "min_count"
    assert (training.backbone_rate, training.head_rate, training.layer_decay) == (1e-6, 1e-6, 1.0)
    assert (training.clip, training.epochs, training.warmup) == (10.0, 10, 0.1)


def test_compm_knows_this_conversation_only() -> None:
    model = load_recipe("compm/emorynlp").model
    assert (model.speaker.identity, model.history.scope) == ("local", "conversation")
    assert load_recipe("compm/emorynlp").training.class_weights == "none"
