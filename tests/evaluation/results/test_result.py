"""The result file: it comes back as it went, and a broken one says what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from erckit.errors import ResultError
from erckit.evaluation import Result, evaluate_model


@pytest.fixture
def result(corpus: Any, labeler: Any) -> Result:
    return evaluate_model(labeler, corpus, "test", draws=20)


def test_a_saved_result_comes_back_equal(result: Result, tmp_path: Path) -> None:
    path = result.save(tmp_path / "deep" / "test.json")
    again = Result.load(path)
    assert again.to_json() == result.to_json()
    assert again.protocol == result.protocol
    assert again.predictions == result.predictions
    assert again.confusion == result.confusion
    assert [p.name for p in path.parent.iterdir()] == ["test.json"]


def test_the_keys_that_others_read(result: Result) -> None:
    data = json.loads(result.to_json())
    assert next(iter(data)) == "schema_version"
    assert data["schema_version"] == 1
    assert 0 < data["metrics"]["weighted_f1"] < 1
    assert data["protocol"]["name"] == "toy/test"
    assert data["protocol"]["selection"] == "dev"
    assert data["seeds"] == [1]
    assert data["runs"][0]["metrics"]["accuracy"] == data["metrics"]["accuracy"]
    row = data["predictions"][0]
    assert set(row) == {"conversation", "utterance", "gold", "label", "scores", "seed"}
    assert sum(row["scores"].values()) == pytest.approx(1, abs=1e-3)
    assert {"python", "numpy", "scikit-learn"} <= set(data["versions"])
    assert set(data["hardware"]) == {"cpu", "cores", "gpu"}
    assert data["metrics"]["per_class"]["Glad"]["support"] > 0


@pytest.mark.parametrize("version", [2, 0, None, "1"])
def test_an_unknown_schema_version_is_refused(result: Result, version: object) -> None:
    data = json.loads(result.to_json()) | {"schema_version": version}
    fix = "upgrade erckit" if version == 2 else "run 'erckit evaluate' again"
    with pytest.raises(ResultError, match=fix):
        Result.from_json(json.dumps(data), "old.json")


def test_broken_files_are_refused_with_their_name(result: Result, tmp_path: Path) -> None:
    data = json.loads(result.to_json())
    broken = {
        "half.json": result.to_json()[:200],
        "list.json": "[1, 2]",
        "missing.json": json.dumps({k: v for k, v in data.items() if k != "confusion"}),
        "metric.json": json.dumps(data | {"metrics": {}}),
        "shape.json": json.dumps(data | {"predictions": [{"unknown": 1}]}),
        "type.json": json.dumps(data | {"protocol": None}),
    }
    for name, text in broken.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(ResultError, match=name):
            Result.load(tmp_path / name)
    with pytest.raises(ResultError, match="cannot be read"):
        Result.load(tmp_path / "none.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ResultError, match="not UTF-8"):
        Result.load(tmp_path / "bytes.json")
