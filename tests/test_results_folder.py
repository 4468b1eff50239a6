"""The result files that the repository ships: small, readable, and without a line of any corpus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from erckit.corpora import load_corpus
from erckit.errors import CorpusError
from erckit.evaluation import Result
from erckit.evaluation.vectors.forced_choice import METRICS as FORCED_CHOICE_METRICS
from erckit.evaluation.vectors.space_result import SpaceResult

pytestmark = pytest.mark.results

FOLDER = Path(__file__).resolve().parents[1] / "results"
ALL = sorted(FOLDER.glob("*/*.json"))
# Few-shot and forced-choice results have a layout of their own.
OTHERS = [path for path in ALL if '"kind": ' in path.open(encoding="utf-8").read(20)]
FILES = [path for path in ALL if path not in OTHERS]
_LARGEST = 3_000_000  # bytes


def test_there_are_results() -> None:
    assert FILES
    # Told by their first line alone, as reading all of them takes seconds.
    assert OTHERS == [path for path in ALL if "kind" in json.loads(path.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module", params=FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def stored(request: pytest.FixtureRequest) -> tuple[Path, Result]:
    """Each result file, read once for all tests."""
    return request.param, Result.load(request.param)


def test_a_result_is_small_and_stands_in_the_folder_of_its_protocol(stored: tuple[Path, Result]) -> None:
    path, result = stored
    assert path.stat().st_size < _LARGEST
    assert path.parent.name == result.protocol.name.replace("/", "-")
    assert len(result.predictions) == result.protocol.utterances * len(result.runs)


def test_a_result_holds_no_corpus_text(stored: tuple[Path, Result]) -> None:
    path, result = stored
    data = json.loads(path.read_text(encoding="utf-8"))
    # Ids and labels are no sentences; they are the only strings of a prediction.
    assert not [row for row in result.predictions if re.search(r"\s", row.conversation + row.utterance)]
    assert {row.label for row in result.predictions} <= set(result.label_set.labels)
    del data["predictions"]
    sentences = {text.lower() for text in _strings(data) if len(text.split()) >= 4}
    try:
        splits = load_corpus(result.protocol.corpus).splits
    except CorpusError as error:
        pytest.skip(f"whether a sentence is of the corpus needs the corpus: {error}")
    texts = {u.text.lower() for split in splits.values() for c in split for u in c.utterances}
    long = {text for text in texts if len(text.split()) >= 4}
    assert long
    assert not {found for found in sentences if found in long or any(text in found for text in long)}


def test_results_of_another_kind_are_small_and_hold_no_text() -> None:
    for path in OTHERS:
        result = SpaceResult.load(path)
        assert path.stat().st_size < _LARGEST
        assert path.parent.name == result.protocol["name"].replace("/", "-")
        # Numbers only: a run names a system or a seed, and no utterance.
        assert all(set(run) <= {"seed", "system", "accuracy", *FORCED_CHOICE_METRICS} for run in result.runs)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from (key, *_strings(entry))
    elif isinstance(value, list):
        for entry in value:
            yield from _strings(entry)
