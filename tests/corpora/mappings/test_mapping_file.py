"""A user's own mapping file: what it can say, and how it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from erckit.corpora.mappings.mappings import find_mapping
from erckit.errors import LabelSetError

EMORY = ("joyful", "mad", "neutral", "peaceful", "powerful", "sad", "scared")
PAIRS = {
    "joyful": "good", "mad": "bad", "neutral": "plain", "peaceful": "good", "powerful": None, "sad": "bad",
    "scared": "bad",
}  # fmt: skip


def write(folder: Path, content: Any) -> Path:
    path = folder / "mine.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def mine(**changes: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"labels": ["good", "bad", "plain"], "neutral": "plain"}
    entry["from"] = {"emorynlp": {"pairs": PAIRS, "doubtful": ["peaceful"]}}
    return {"mine": entry | changes}


def test_a_file_maps_as_it_says(tmp_path: Path) -> None:
    mapping = find_mapping(EMORY, write(tmp_path, mine()))
    assert (mapping.name, mapping.pairs, mapping.doubtful) == ("mine", PAIRS, {"peaceful"})
    assert mapping.target.neutral == "plain"


def test_a_file_may_go_through_a_known_label_set(tmp_path: Path) -> None:
    on = {"pairs": {"negative": "bad", "neutral": "plain", "positive": "good"}}
    path = write(tmp_path, mine(**{"from": {"emorynlp": {"through": "polarity"}, "polarity": on}}))
    assert find_mapping(EMORY, str(path)).pairs == PAIRS | {"powerful": "good"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", r"mine\.json:1: is not a JSON file"),
        ("[]", "empty or not an object"),
        ("{}", "empty or not an object"),
        ({"a": 3}, "'a' must be an object"),
        (mine() | {"other": mine()["mine"]}, "describes 2 label sets"),
        ({"mine": {"labels": ["a", "b"]}}, "'mine' lacks 'from'"),
        (mine(form={}), r"unknown key 'form'. Did you mean 'from'"),
        (mine(labels="good"), "'labels' of 'mine' must be a list"),
        (mine(labels=["good", "good"]), "distinct"),
        (mine(neutral="meh"), "neutral label 'meh'"),
        (mine(**{"from": []}), "'from' of 'mine' must be an object"),
        (mine(**{"from": {"x": 3}}), "'mine' from 'x' must be an object"),
        (mine(**{"from": {"x": {"pairs": [1]}}}), "'pairs' of 'mine' from 'x' must be an object"),
        (mine(**{"from": {"x": {"pairs": {"a": 1}}}}), "a label to a label or null"),
        (mine(**{"from": {"x": {"pairs": {"a": "goood"}}}}), r"'goood'.*Did you mean 'good'"),
        (mine(**{"from": {"x": {"pairs": {"a": "good"}, "doubtful": ["b"]}}}), "calls 'b' doubtful"),
        (mine(**{"from": {"x": {"pairs": {"a": "good"}, "doubtful": "a"}}}), "'doubtful' of .* must be a list"),
        (mine(**{"from": {"x": {"through": "ekmann"}}}), r"unknown 'ekmann'. Did you mean 'ekman'"),
        (mine(**{"from": {"x": {"through": "ekman"}}}), "'ekman', which has no mapping from 'x'"),
        (mine(**{"from": {"emorynlp": {"through": "ekman"}}}), "goes on from the labels"),
    ],
)
def test_a_file_of_another_form_is_refused_with_the_place(tmp_path: Path, content: Any, said: str) -> None:
    with pytest.raises(LabelSetError, match=said) as caught:
        find_mapping(EMORY, write(tmp_path, content))
    assert "mine.json" in str(caught.value)


def test_two_sources_that_disagree_about_the_labels_are_refused(tmp_path: Path) -> None:
    one = {"pairs": {"x": "good", "y": "bad", "z": "plain"}}
    other = {"pairs": {"x": "bad", "y": "bad", "w": "plain"}}
    path = write(tmp_path, mine(**{"from": {"one": one, "other": other}}))
    assert find_mapping(("x", "y", "z"), path).pairs == one["pairs"]
    assert find_mapping(("y",), path).pairs == {"y": "bad"}
    with pytest.raises(LabelSetError, match="more than one mapping to mine fits"):
        find_mapping(("x", "y"), path)
