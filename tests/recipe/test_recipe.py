"""Recipes: what they may say, and errors that name the nearest key."""

from __future__ import annotations

from pathlib import Path

import pytest

from erckit.errors import SettingError
from erckit.recipe.load_recipe import change_recipe, is_ablation, load_recipe
from erckit.recipe.recipe import Recipe
from erckit.recipe.training_settings import TrainingSettings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "own.yaml"
    path.write_text("model:\n  name: compm\n  history: {window: 3}\ntraining:\n  backbone_rate: 1e-5\n")
    return path


def test_values_defaults_and_name(path: Path) -> None:
    recipe = load_recipe(path)
    assert (recipe.model.name, recipe.model.history.window, recipe.training.backbone_rate) == ("compm", 3, 1e-5)
    assert recipe.name == "mine/own"
    assert recipe.training.epochs == TrainingSettings().epochs
    assert load_recipe(path).to_dict() == recipe.to_dict()


def test_overrides_go_last(path: Path) -> None:
    recipe = load_recipe(
        path,
        ["model.history.window=5", "training.clip=2", "model.speaker.form = marker", "training.teachers=[a.json]"],
        corpus="other",
        backbone="some/where",
        seed=9,
    )
    assert recipe.model.history.window == 5
    assert recipe.training.clip == 2.0
    assert recipe.model.speaker.form == "marker"
    assert recipe.training.teachers == ("a.json",)
    assert (recipe.corpus, recipe.model.backbone, recipe.training.seed) == ("other", "some/where", 9)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["training.epoch=3"], "unknown key 'training.epoch'. Did you mean 'epochs'?"),
        (["model.histroy.window=3"], "unknown key 'model.histroy'. Did you mean 'history'?"),
        (["trainin.epochs=3"], "unknown key 'trainin'. Did you mean 'training'?"),
        (["model.name.x=3"], "is a value, not a group"),
        (["training.epochs"], "has no '='"),
        (["training.epochs=[1"], "not YAML"),
        (["training.epochs=two"], "must be int"),
        (["training.epochs=true"], "must be int"),
        (["training.epochs=0"], "at least 1"),
        (["training.backbone_rate=fast"], "must be float"),
        (["training.backbone_rate=.nan"], "backbone_rate"),
        (["training.head_rate=-1"], "head_rate"),
        (["training.seed=-1"], "seed"),
        (["training.clip=0"], "clip"),
        (["training.warmup=1"], "warmup"),
        (["training.teacher_share=1.5"], "teacher_share"),
        (["training.class_weights=min-count"], "Did you mean 'min_count'"),
        (["training.precision=fp16"], "Did you mean"),
        (["model=emonet"], "must hold keys of its own"),
        (["model.attention=fulll"], "Did you mean 'full'"),
    ],
)
def test_mistakes_are_named(path: Path, overrides: list[str], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        load_recipe(path, overrides)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["model: [1, 2", "- a\n- b", "just text", "model:\n\tname: x", "on: 3", "1: 2", "model: null\n", "name: [1]"],
)
def test_a_broken_file_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(SettingError, match=r"r\.yaml"):
        load_recipe(tmp_path / "r.yaml")


def test_bytes_that_are_no_text_are_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_bytes(b"\xff\xfe\x00model")
    with pytest.raises(SettingError, match=r"r\.yaml"):
        load_recipe(tmp_path / "r.yaml")


def test_yaml_cannot_run_code(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("model: !!python/object/apply:os.system ['touch /tmp/never']")
    with pytest.raises(SettingError):
        load_recipe(tmp_path / "r.yaml")


def test_an_empty_recipe_is_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("")
    found = load_recipe(tmp_path / "r.yaml")
    assert (found.model, found.training) == (Recipe().model, Recipe().training)


def test_unknown_names_name_the_nearest() -> None:
    with pytest.raises(SettingError, match="Did you mean 'emonet/emorynlp'"):
        load_recipe("emonet/emorynpl")


def test_change_recipe_leaves_the_rest_and_the_original(path: Path) -> None:
    recipe = load_recipe(path)
    changed = change_recipe(recipe, {"model.history.window": 5, "training.teachers": ["a.json"]})
    assert changed == load_recipe(path, ["model.history.window=5", "training.teachers=[a.json]"])
    assert recipe == load_recipe(path)
    with pytest.raises(SettingError, match="Did you mean 'history'"):
        change_recipe(recipe, {"model.histroy.window": 5})


def test_an_ablation_is_no_recipe(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# comment\nrecipe: emonet/emorynlp\nrows: []\n")
    (tmp_path / "r.yaml").write_text("# rows: not here\nmodel:\n  name: emonet\n  # rows:\n")
    assert is_ablation(tmp_path / "a.yaml")
    assert not is_ablation(tmp_path / "r.yaml")
    assert not is_ablation(tmp_path / "missing.yaml")
    with pytest.raises(SettingError, match=r"an ablation, not a recipe\. Run it with 'erckit ablate"):
        load_recipe(tmp_path / "a.yaml")


def test_a_mapping_is_part_of_the_recipe(path: Path) -> None:
    assert load_recipe(path).map == ""
    assert load_recipe(path, ["map=polarity"]).map == "polarity"
    assert load_recipe(path, ["map=polarity"], mapping="ekman").to_dict()["map"] == "ekman"
