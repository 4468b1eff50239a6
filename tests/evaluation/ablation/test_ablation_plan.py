"""The YAML of an ablation: rows that build on each other, and errors that say where and what."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from erckit.errors import SettingError
from erckit.evaluation.ablation.ablation_plan import load_ablation
from erckit.recipe.load_recipe import load_recipe

PLAN = """
title: Small
recipe: emonet/emorynlp
rows:
  - name: plain
    about: As it is.
  - name: + file order
    set: {model.history.order: file}
  - name: + token
    from: + file order
    set:
      model: {speaker: {form: token, min_utterances: 3}}
      training.epochs: 7
  - name: plain again
    set: {model.history.order: story}
"""


def _write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    return path


def _changed(name: str, **changes: Any) -> dict[str, Any]:
    return {**load_recipe("emonet/emorynlp").to_dict(), "name": name, **changes}


def test_rows_are_the_recipe_and_the_chain_of_settings(tmp_path: Path) -> None:
    plan = load_ablation(_write(tmp_path, PLAN))
    base = load_recipe("emonet/emorynlp").to_dict()
    assert (plan.title, plan.base.name, plan.base.corpus) == ("Small", "emonet/emorynlp", "emorynlp")
    plain, order, token, again = [row.recipe.to_dict() for row in plan.rows]
    assert plain == _changed("plain")
    in_file_order = {**base["model"], "history": {**base["model"]["history"], "order": "file"}}
    assert order == _changed("file-order", model=in_file_order)
    speaker = {**base["model"]["speaker"], "form": "token", "min_utterances": 3}
    assert token == _changed(
        "token", model={**in_file_order, "speaker": speaker}, training={**base["training"], "epochs": 7}
    )
    assert again == _changed("plain-again")
    assert [plan.trained_as(row).name for row in plan.rows] == ["plain", "+ file order", "+ token", "plain"]
    text = "\n".join(plan.lines())
    assert "the same recipe as plain: trained once" in text
    assert "model.speaker.min_utterances = 3" in text
    assert "As it is." in text


def test_a_row_is_found_by_name_folder_and_number(tmp_path: Path) -> None:
    plan = load_ablation(_write(tmp_path, PLAN))
    assert {plan.find(name).name for name in ("+ token", "token", "3")} == {"+ token"}
    assert plan.split_names("token,1, plain-again") == ["+ token", "plain", "plain again"]
    with pytest.raises(SettingError, match=r"no row 'tokens'\. Did you mean 'token'"):
        plan.split_names("1,tokens")


def test_a_name_with_a_comma_is_one_row(tmp_path: Path) -> None:
    plan = load_ablation(_write(tmp_path, "recipe: emonet/emorynlp\nrows: \n- name: a, b\n- name: b"))
    assert plan.split_names("a, b") == ["a, b"]


def test_an_inline_recipe_and_one_beside_the_file(tmp_path: Path) -> None:
    text = "recipe: {corpus: emorynlp, model: {name: compm}, training: {epochs: 9}}\nrows: [{name: a}]"
    (row,) = load_ablation(_write(tmp_path, text)).rows
    assert (row.recipe.model.name, row.recipe.training.epochs) == ("compm", 9)
    (tmp_path / "mine.yaml").write_text("training: {epochs: 11}")
    (row,) = load_ablation(_write(tmp_path, "recipe: mine.yaml\nrows: [{name: a}]")).rows
    assert row.recipe.training.epochs == 11


def test_set_changes_all_rows_and_is_told(tmp_path: Path) -> None:
    plan = load_ablation(_write(tmp_path, PLAN), ["model.backbone=/some/where/tiny", "training.clip=2"], corpus="meld")
    assert {row.recipe.model.backbone for row in plan.rows} == {"/some/where/tiny"}
    assert {row.recipe.training.clip for row in plan.rows} == {2.0}
    assert {row.recipe.corpus for row in plan.rows} == {"meld"}
    assert plan.common_line() == "recipe emonet/emorynlp, backbone tiny, training.clip = 2"


@pytest.mark.parametrize("override", ["training.epochs=3", "model.history={order: file}"])
def test_set_cannot_change_what_a_row_sets(tmp_path: Path, override: str) -> None:
    with pytest.raises(SettingError, match="cannot hold for all rows"):
        load_ablation(_write(tmp_path, PLAN), [override])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title:", "titel:", "unknown key 'titel'. Did you mean 'title'?"),
        ("    about:", "    abuot:", ":5: row 1: unknown key 'abuot'. Did you mean 'about'?"),
        ("from: + file order", "from: + file ordr", ":9: row 3 ('+ token'): 'from' names no earlier row"),
        ("from: + file order", "from: + file ordr", "Did you mean '+ file order'?"),
        ("from: + file order", "from: plain again", "'from' names no earlier row"),
        ("name: plain again", "name: plain", "stands there twice"),
        ("name: plain again", "name: Plain!", "stands there twice, 'plain' is the other"),
        ("name: plain again", "name: '+'", "needs a letter or a digit"),
        ("model.history.order: file", "model.history.ordr: file", "unknown key 'model.history.ordr'. Did you mean 'o"),
        ("model.history.order: file", "model.history.order: filé", "cannot be 'filé'"),
        ("model.history.order: file", "corpus: meld", "'corpus' is the same for all rows; use --corpus"),
        ("model.history.order: file", "training: {seed: 3}", "use --seeds"),
        ("set: {model.history.order: file}", "set: [3]", "'set' must hold keys and values"),
        ("recipe: emonet/emorynlp", "recipe: emonet/emorynpl", "Did you mean 'emonet/emorynlp'"),
        ("recipe: emonet/emorynlp", "recipe: [1]", "'recipe' must be"),
        ("recipe: emonet/emorynlp", "recipe: {trainin: {}}", "unknown key 'trainin'"),
        ("  - name: plain\n", "  - 3\n  - name: plain\n", "one of them is its name"),
        ("title: Small", "title: [", "not a readable ablation"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in PLAN
    with pytest.raises(SettingError) as caught:
        load_ablation(_write(tmp_path, PLAN.replace(old, new, 1) if "again" not in old else PLAN.replace(old, new)))
    assert message in str(caught.value)
    assert "plan.yaml" in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a", "rows: []", "rows: 3", "model: {name: emonet}", "just text"])
def test_a_file_without_rows_is_no_ablation(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingError, match=r"plan\.yaml: an ablation holds"):
        load_ablation(_write(tmp_path, text))


def test_of_a_key_that_stands_twice_the_last_counts(tmp_path: Path) -> None:
    plan = load_ablation(_write(tmp_path, "rows: [{name: a}, {name: c}]\n" + PLAN))
    assert [row.slug for row in plan.rows] == ["plain", "file-order", "token", "plain-again"]


def test_bytes_and_names_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_bytes(b"\xff\xfe\x00rows:")
    with pytest.raises(SettingError, match="not a readable ablation"):
        load_ablation(tmp_path / "plan.yaml")
    with pytest.raises(SettingError, match="Did you mean 'emonet/ablation'"):
        load_ablation("emonet/ablatoin")
    with pytest.raises(SettingError, match="--seeds"):
        load_ablation(_write(tmp_path, PLAN), ["training.seed=3"])


def test_the_one_in_the_docs_is_right(tmp_path: Path) -> None:
    docs = (Path(__file__).resolve().parents[3] / "docs" / "guide" / "ablation.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", docs, flags=re.MULTILINE | re.DOTALL)
    plan = load_ablation(_write(tmp_path, shown))
    assert [row.name for row in plan.rows] == [row["name"] for row in yaml.safe_load(shown)["rows"]]
    assert (plan.rows[2].recipe.model.history.scope, plan.rows[2].recipe.model.speaker.form) == ("none", "none")
