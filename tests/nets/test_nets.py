"""What erckit 0.1.0 printed, wrote and learnt, held against the erckit at hand (see ``write_snapshots.py``)."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Another processor sums in another order; labels are compared where no other label is as near.
TOLERANCE = 2e-4


def _writer() -> Any:
    spec = importlib.util.spec_from_file_location("write_snapshots", HERE / "write_snapshots.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


writer = _writer()
SNAPSHOTS = HERE / "snapshots"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the snapshots to work in, with a terminal and caches of its own."""
    folder = tmp_path / "nets"
    shutil.copytree(SNAPSHOTS, folder)
    monkeypatch.chdir(folder)
    for name, value in {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1", "ERCKIT_CACHE": str(tmp_path / "c")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("ERCKIT_DATA", raising=False)
    return folder


def _stored(name: str) -> Any:
    return json.loads((SNAPSHOTS / f"{name}.json").read_text(encoding="utf-8"))


def _same(given: Any, stored: Any, where: str) -> None:
    """Equal but for float rounding; labels may differ only where two scores do not."""
    if isinstance(stored, dict):
        assert isinstance(given, dict), where
        assert set(given) == set(stored), where
        if "scores" in stored and "label" in stored and stored["label"] in stored["scores"]:
            _same(given["scores"], stored["scores"], f"{where}.scores")
            first, second = sorted(stored["scores"].values(), reverse=True)[:2]
            assert given["label"] == stored["label"] or first - second < 2 * TOLERANCE, where
            return
        for key in stored:
            _same(given[key], stored[key], f"{where}.{key}")
    elif isinstance(stored, list):
        assert len(given) == len(stored), where
        for i, (left, right) in enumerate(zip(given, stored, strict=True)):
            _same(left, right, f"{where}[{i}]")
    elif isinstance(stored, float):
        assert given == pytest.approx(stored, abs=TOLERANCE), where
    else:
        assert given == stored, where


@pytest.mark.parametrize("name", [*writer.RECIPES, *writer.SCORERS])
def test_model_folders_of_every_kind_give_the_same_labels(place: Path, name: str) -> None:
    stored = _stored("answers")[name]
    files = ("talk.txt",) if name in writer.SCORERS else ("talk.txt", "later.txt")
    _same(writer.labelled(f"models/{name}", *files, streams="stream" in stored), stored, name)


@pytest.mark.parametrize("name", writer.BUNDLED)
def test_bundled_models_give_the_same_labels(name: str) -> None:
    talks = sorted((ROOT / "examples" / "conversations").glob("*.txt"))
    _same(writer.labelled(name, *map(str, talks), streams=True), _stored("answers")[name], name)


def test_bundled_folders_are_the_same_to_the_byte() -> None:
    for name, digest in _stored("bundled").items():
        assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest() == digest, name


def test_help_output_and_wrong_calls_are_printed_as_before(place: Path) -> None:
    printed, stored = writer.printed(), _stored("printed")
    assert printed["help"] == stored["help"]
    assert printed["wrong"] == stored["wrong"]
    assert set(printed["output"]) == set(stored["output"])
    for left, right in zip(
        writer.scores_of(printed["output"]["jsonl"]), writer.scores_of(stored["output"]["jsonl"]), strict=True
    ):
        _same(left, right, "jsonl")


@pytest.mark.parametrize("name", sorted(_stored("recipes")))
def test_recipes_in_the_old_spelling_mean_what_the_packaged_ones_mean(place: Path, name: str) -> None:
    import yaml

    import erckit

    Path("old.yaml").write_text(yaml.safe_dump(_stored("recipes")[name]), encoding="utf-8")
    old, new = erckit.load_recipe("old.yaml").to_dict(), erckit.load_recipe(ROOT / "recipes" / f"{name}.yaml").to_dict()
    assert {**old, "name": ""} == {**new, "name": ""}


@pytest.mark.trains
@pytest.mark.parametrize("name", [name for name in writer.RECIPES if name != "sentemo_chunk"])
def test_the_same_seed_gives_the_same_model(place: Path, name: str) -> None:
    writer.must("train", f"recipes/{name}.yaml", "--out", f"runs/{name}", "-q")
    card = Path(f"runs/{name}/model/README.md").read_text(encoding="utf-8")
    assert card == Path(f"models/{name}/README.md").read_text(encoding="utf-8")
    stored = _stored("answers")[name]["batch"]
    again = writer.scores_of(
        writer.must("label", "talk.txt", "later.txt", "--model", f"runs/{name}/model", "-o", "-", "-q")
    )
    _same(again, stored, name)


@pytest.mark.trains
@pytest.mark.parametrize("name", writer.KILLED)
def test_a_training_killed_then_is_resumed_to_the_same_model(place: Path, name: str) -> None:
    out = Path("killed") / name
    steps = [json.loads(line)["step"] for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    writer.must("train", f"recipes/{name}.yaml", "--out", str(out), "-q")
    resumed = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert resumed[-1]["step"] > max(steps)
    again = writer.scores_of(
        writer.must("label", "talk.txt", "later.txt", "--model", str(out / "model"), "-o", "-", "-q")
    )
    _same(again, _stored("answers")[name]["batch"], name)


@pytest.mark.parametrize("name", writer.SCORERS)
def test_the_same_examples_make_the_same_folder(place: Path, name: str) -> None:
    options = writer.SCORERS[name]
    writer.must("adapt", "models/sentemo", "--examples", "examples.csv", "--out", f"again/{name}", *options, "-q")
    for file in ("README.md", "labels.json", "calibration.json"):
        assert (place / "again" / name / file).read_bytes() == (place / "models" / name / file).read_bytes(), file


def test_result_files_have_the_same_keys_and_values(place: Path) -> None:
    written, stored = writer.results(), _stored("results")
    for name, result in stored.items():
        assert set(written[name]) == set(result), name
        kept = [key for key in result if key not in writer.VOLATILE]
        _same({key: written[name][key] for key in kept}, {key: result[key] for key in kept}, name)


def test_the_writer_can_tell_a_difference() -> None:
    stored = _stored("answers")["emonet"]["batch"]
    changed = [
        {**stored[0], "scores": {**stored[0]["scores"], "Calm": stored[0]["scores"]["Calm"] + 0.01}},
        *stored[1:],
    ]
    with pytest.raises(AssertionError):
        _same(changed, stored, "emonet")
